"""Training: the loop, its steps, and the rules that change gradients and weights.

loop               the generator of measuring points: train, observe, prune, shrink, evaluate
measuring          the steps of a measuring point
step               one epoch of training steps
cuda_graph         the whole training step as one CUDA graph
optim              optimizers and learning-rate schedules
gradient_rule      the change of gradients between backward and update: mask, clip, noise, penalties
noise              noise on gradients, and on the weights of living neurons
penalties          L1 on weights and on the scales of normalisation
evaluation         loss and accuracy over a split
record             the record of a measuring point, before and after its pruning
optional_measures  what is measured only where a trial asks for it
length             steps and epochs of a trial, task by task
tasks              the end of a task, and the border to the next one
life_counts        neurons born dead, died and revived, of a record
border             deaths around a border between two tasks
plasticity         how well tasks are learned, and whether later ones are learned less well
timing             seconds of a training step
build              the initial state of a trial
own                a user's optimizer, schedule or noise, by a dotted name
named              what a user named in a configuration, and the settings that it takes
rehearsal          two short epochs on noise, for a trial with parts that a user named
"""
