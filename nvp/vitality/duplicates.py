"""Duplicates: neurons that say what an earlier neuron of their layer says already.

A neuron is a duplicate where the Pearson correlation of its activation with that of a kept neuron
of lower index exceeds a threshold, over images; of feature maps, the mean over positions counts. A
neuron that puts out one number for all images has no correlation: it is constant, and no duplicate.

Source: Joudaki et al., "Barriers for learning in an evolving world: mathematical understanding of
loss of plasticity", 2025 (cosine above .95).
Differs: ours is centred. Neurons that are far from 0 have a cosine near 1 whatever they say.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

WIDEST = 2048  # neurons of a layer: time and memory grow with their square


def find_constant(means: Float[Tensor, "n f"]) -> Bool[Tensor, "f"]:
    """Return which neurons have one value for all images."""
    return means.amax(0) == means.amin(0)


def find_duplicates(means: Float[Tensor, "n f"], threshold: float) -> Bool[Tensor, "f"]:
    """Return which neurons correlate above `threshold` with one of lower index, in float64.

    Args:
        means: spatial means, one row per image; of kept neurons.
        threshold: a correlation in (0, 1).
    """
    centred = means.double()
    centred = centred - centred.mean(0)
    products = centred.T @ centred
    # of a constant neuron rounding leaves a little, which is no variance
    norm = products.diagonal().sqrt().masked_fill(find_constant(means), torch.inf)
    return (products.tril_(-1) > threshold * norm.unsqueeze(1) * norm).any(1)


def check_width(setting: str, path: str, width: int) -> None:
    """Raise ValueError, in the name of a setting, for a layer too wide for its correlations."""
    if width > WIDEST:
        raise ValueError(
            f"{setting}: expected layers of at most {WIDEST:,} neurons, since every two of a layer "
            f"are compared, got {path} with {width:,}"
        )
