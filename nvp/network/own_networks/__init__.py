"""Checks of networks that are written of `NeuronLayer`, made when they are built.

    own_network  what such a network must be, so that its neurons can be seen, masked and removed
    reads        a check of `model.reads`, which says who reads whom
    sources      which groups each affine map reads, found by one forward pass

Others call `check_own_network`.
"""
