"""NN Relief: keep the fewest inputs of each neuron that carry a given share of its signal.

coverage     the signal that a neuron gets from each input, and the inputs to keep
relief       one pass over a network: the masks of all weights
relief_step  the criterion, and the pruning step that applies a pass
"""
