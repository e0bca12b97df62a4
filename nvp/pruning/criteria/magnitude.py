"""Magnitude: keep the neurons with the largest incoming weights, or the largest weights.

Source: Li et al., "Pruning filters for efficient ConvNets", 2017 (neurons); Han et al.,
"Learning both weights and connections", 2015 (weights).
Differs: neurons by the L2 norm, as in NVI, so that the two differ by the entropy alone; `l1` is
the published one.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Magnitude:
    """L2 norm of the incoming weights."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return evidence.norms


@dataclass(frozen=True)
class WeightMagnitude:
    """Absolute value of each weight."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f ..."]:
        return evidence.weight.abs()
