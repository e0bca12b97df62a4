"""Ranks of a representation: how many directions the features of a layer use.

Source: Roy and Vetterli, "The effective rank", 2007; Kumar et al., "Implicit under-
parameterization", 2021 (srank); Rudelson and Vershynin, 2007 (stable rank).
All ranks are of the uncentred matrix of spatial means, images x kept neurons. Where no neuron is
kept, all are 0.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """The three ranks of one matrix of features; all are 0 for features that are all 0.

    Attributes:
        effective_rank: exp of the entropy of the singular values, in [1, f].
        srank: how many singular values hold 99 % of their sum.
        stable_rank: sum of the squared singular values over the largest square, in [1, f].
    """

    effective_rank: float
    srank: int
    stable_rank: float


def measure_ranks(features: Float[Tensor, "n f"]) -> Ranks:
    """Return the ranks of `features`; the singular values are computed once for all three."""
    sigma = singular_values(features).cpu()  # the sums of a GPU's cumsum differ from run to run
    return Ranks(
        effective_rank=effective_rank(sigma),
        srank=srank(sigma),
        stable_rank=stable_rank(sigma),
    )


def singular_values(features: Float[Tensor, "n f"]) -> Float[Tensor, "f"]:
    """Return the singular values, largest first, through the float64 Gram matrix."""
    features = features.double()
    eigenvalues = torch.linalg.eigvalsh(features.T @ features)
    return eigenvalues.clamp(min=0).sqrt().flip(0)


def effective_rank(sigma: Float[Tensor, "f"]) -> float:
    """Return exp(entropy of sigma / sum sigma): in [1, f]; 0 for features that are all 0."""
    total = sigma.sum()
    if total == 0:
        return 0.0
    return float(torch.special.entr(sigma / total).sum().exp())


def srank(sigma: Float[Tensor, "f"], delta: float = 0.01) -> int:
    """Return the least k whose k largest singular values hold 1 - delta of the sum; 0 if all 0."""
    total = sigma.sum()
    if total == 0:
        return 0
    return int((sigma.cumsum(0) < (1 - delta) * total).sum()) + 1


def stable_rank(sigma: Float[Tensor, "f"]) -> float:
    """Return sum sigma^2 / max sigma^2: in [1, f]; 0 for features that are all 0."""
    if not sigma.any():
        return 0.0
    return float((sigma / sigma.max()).square().sum())
