"""Divergence: keep the neurons whose responses still change from one measuring point to the next.

D_KL(p_t || p_{t-1}) of each neuron's histogram of spatial means, in bits, with one count added to
every bin. A neuron that stopped changing - dead ones did - scores near 0.
Source: the true divergence in place of what DS-Pruning (code) calls one; see `legacy_rise`.
Differs: ours. The bins follow the layer's range at each measuring point, so what counts is a
change relative to the layer.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


def divergence(now: Float[Tensor, "f k"], before: Float[Tensor, "f k"]) -> Float[Tensor, "f"]:
    """Return D_KL(now || before) in bits of two histograms, Laplace-smoothed: in [0, inf)."""
    p, q = ((counts + 1) / (counts + 1).sum(1, keepdim=True) for counts in (now, before))
    return (p * (p / q).log2()).sum(1).clamp(min=0)


@dataclass(frozen=True)
class Divergence:
    """Divergence from the previous measuring point; all 0, so undecided, at the first."""

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        counts = evidence.activity.counts.double()
        before = evidence.recall("counts")
        evidence.remember("counts", counts)
        if before is None:
            return torch.zeros_like(evidence.norms)
        return divergence(counts, before).to(evidence.norms.dtype)
