"""Ranks of a representation: how many directions the features of a layer really use.

Source: Roy and Vetterli, "The effective rank", 2007; Kumar et al., "Implicit under-
parameterization", 2021 (srank); Rudelson and Vershynin, 2007 (stable rank).
All are of the uncentred matrix of spatial means, images x kept neurons; without any, all are 0.
"""

import torch
from jaxtyping import Float
from torch import Tensor


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
