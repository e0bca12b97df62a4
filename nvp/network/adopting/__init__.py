"""Adopting a network that was not written for nvp: its neurons, and what goes together.

`anatomy`: what is found, as names of entries of parameters, never as tensors.
"""
