"""Adopting a network that was not written for nvp: its neurons, and what goes together.

    anatomy        what is found, as names of entries of parameters, never as tensors
    finding        find_anatomy: the layers and units of any module
    activations    the calls of activation functions: where neurons are seen
    example        the inputs that a network is adopted with
    undisturbed    forward passes that leave no trace in the network
    flow/          the labelled pass, which finds who reads whom
    checking       the check: units that are masked, then removed, leave the same outputs
    put_back       changes of a network for the time of a forward pass
    removing       remove_slots: units leave parameters, moments, buffers and sizes
    sizes          what modules say about their size
    adopt          nvp.adopt: any module becomes a network whose neurons can be pruned
    adopted        Adopted: the user's network, its masks, and the names of what they mask
    adopted_layer  AdoptedLayer: it answers what a NeuronLayer answers
    layer_table    the layers, as a table that a person reads
    narrowing      the anatomy after a removal
    masked_entries the masked entries of each parameter, whose gradients are made 0
    named_tensors  buffers by any name

Nothing here changes a network's output. What is found is held as names, so that copies have it too.
"""
