"""Adopting a network that was not written for nvp: its neurons, and what goes together.

anatomy      what is found, as names of entries of parameters, never as tensors
activations  the calls of activation functions: where neurons are seen

Nothing here changes a network's output. What is found is held as names, so that copies have it too.
"""
