"""Magnitude: keep the neurons with the largest incoming weights.

Source: Li et al., "Pruning filters for efficient ConvNets", 2017.
Differs: the L2 norm, as in NVI, so that the two differ by the entropy alone.
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
