"""L1: keep the neurons with the largest incoming weights.

Source: Li et al., "Pruning filters for efficient ConvNets", 2017.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class L1:
    """L1 norm of the incoming weights."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return evidence.weight.flatten(1).abs().sum(1)
