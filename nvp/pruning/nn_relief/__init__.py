"""NN Relief: keep the fewest inputs of each neuron that carry a given share of its signal.

coverage        the signal that a neuron gets from each input, and the inputs to keep
patches         the patches that kernels read, in convolutions of any kind
relief          one pass over a network: the masks of all weights
measured_maps   what each map of an adopted network is given, on average
adopted_relief  one pass over an adopted network
relief_step     the criterion, and the pruning step that applies a pass
"""
