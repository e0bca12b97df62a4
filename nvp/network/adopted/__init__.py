"""Adopted networks: somebody's module, and the masks and names by which its neurons are pruned.

adopt           nvp.adopt: any module becomes a network whose neurons can be pruned
adopted         Adopted: the user's network, its masks, and the names of what they mask
adopted_layer   AdoptedLayer: it answers what a NeuronLayer answers
adopted_heads   AdoptedHeads: the heads of one attention, as a layer that is watched
watched_heads   what the weights that read heads are given, split by head
watched_maps    what linear maps and convolutions are given, whoever calls them
exported        an adopted network as a program of torch
layer_table     the layers, as a table that a person reads
narrowing       the anatomy after a removal
masked_entries  the masked entries of each parameter, whose gradients are made 0
named_tensors   buffers by any name
"""
