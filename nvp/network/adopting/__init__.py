"""Adopting a network that was not written for nvp: its neurons, and what goes together.

    anatomy        what is found, as names of entries of parameters, never as tensors
    finding        find_anatomy: the layers and units of any module
    activations    the calls of activation functions: where neurons are seen
    in_place       which tensor an activation in place writes into
    example        the inputs that a network is adopted with
    undisturbed    forward passes that leave no trace in the network
    operation_count  counting the operations of a forward pass
    flow/          the labelled pass, which finds who reads whom
    checking       the check: units that are masked, then removed, leave the same outputs
    inventory      what a network holds by name, listed once
    put_back       changes of a network for the time of a forward pass
    removing       remove_slots: units leave parameters, moments, buffers and sizes
    readings       products with a weight: which operand it is, and what it reads
    sizes          what modules say about their size

Nothing here changes a network's output. What is found is held as names, so that copies have it too.
"""
