"""Neuron entropy: how variable a neuron's activation is over inputs, in bits.

Source: Luo and Wu, "An entropy-based pruning method for CNN compression", 2017 (spatial means,
bins, Shannon entropy); "NVP", 2025 (as vitality).
Differs: the layer's neurons share their bin edges, between the 0.1 % and the 99.9 % quantile of the
kept ones. With edges of its own, an almost silent neuron would have the entropy of a lively one.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

LOW, HIGH = 0.001, 0.999


def find_quantile(values: Float[Tensor, "n"], q: float, *, largest: bool) -> Float[Tensor, ""]:
    """Return the quantile q with linear interpolation (as numpy), from a partial sort at one end.

    torch.quantile sorts all values and refuses more than 2**24.
    """
    rank = q * (len(values) - 1)
    below = int(rank)
    weight = rank - below
    if largest:
        top = values.topk(len(values) - below, largest=True).values
        low, high = top[-1], top[max(len(top) - 2, 0)]
    else:
        bottom = values.topk(min(below + 2, len(values)), largest=False).values
        low, high = bottom[below], bottom[min(below + 1, len(bottom) - 1)]
    return low + (high - low) * weight


def shared_edges(means: Float[Tensor, "n f"], bins: int) -> Float[Tensor, "k_plus_1"]:
    """Return the bin edges of a layer; all equal where the layer's range is 0.

    Args:
        means: spatial means of the *kept* neurons, one row per image.
        bins: number of bins, k.
    """
    flat = means.flatten()
    low, high = find_quantile(flat, LOW, largest=False), find_quantile(flat, HIGH, largest=True)
    steps = torch.arange(bins + 1, dtype=torch.float64, device=means.device) / bins
    return (low.double() + (high - low).double() * steps).to(means.dtype)


def count_histograms(
    means: Float[Tensor, "n c"], edges: Float[Tensor, "c k_plus_1"]
) -> Int64[Tensor, "c k"]:
    """Return counts per neuron: bin i is [edge i, edge i+1), the outer ones reach to infinity.

    All neurons of a network are counted at once: neuron number j of k bins counts into the bins j k
    to j k + k - 1 of one long histogram. Equal to numpy's histogram of the clamped values.
    """
    width = edges.shape[1] - 1
    clamped = means.T.clamp(edges[:, :1], edges[:, -1:]).contiguous()
    index = torch.searchsorted(edges[:, 1:-1].contiguous(), clamped, right=True)
    index += width * torch.arange(len(index), device=index.device).unsqueeze(1)
    return torch.bincount(index.flatten(), minlength=len(edges) * width).view(len(edges), width)


def entropy_bits(counts: Int64[Tensor, "f k"]) -> Float[Tensor, "f"]:
    """Return the Shannon entropy of each row's distribution, in bits; 0 log 0 = 0.

    A constant neuron has 0, and so has every neuron of a layer whose range is 0.
    """
    p = counts / counts.sum(1, keepdim=True)
    return torch.special.entr(p).sum(1) / torch.log(torch.tensor(2.0, device=p.device))
