"""NN Relief: the fewest inputs of each neuron that carry a share of its signal.

coverage     how much signal a neuron gets from each input, and which inputs to keep
relief       one pass over a network: the masks of all weights
relief_step  the criterion, and the pruning step that applies a pass
"""
