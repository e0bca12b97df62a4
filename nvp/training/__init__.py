"""Training: the loop, a step of it, and what changes gradients and weights on the way.

loop           the generator of measuring points: train, observe, prune, shrink, evaluate
step           one epoch of steps
cuda_graph     the whole step as one CUDA graph
optim          optimizers and learning-rate schedules
gradient_rule  what happens to gradients between backward and step: mask, clip, noise, penalties
noise          noise on gradients, and on the weights of living neurons
penalties      L1 on weights and on the scales of normalisation
record         what a measuring point saw
timing         seconds of a training step
build          the initial state of a trial
"""
