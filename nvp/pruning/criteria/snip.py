"""SNIP: keep the weights whose removal would change the loss most.

|g * theta|, g = dL/dtheta on a few training images; usually once, at initialisation.
Source: Lee et al., "SNIP: Single-shot network pruning based on connection sensitivity", 2019.
Differs: not divided by the sum over all weights, which ranks nothing differently.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Snip:
    """Absolute gradient times weight, for each weight."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f *fan_in"]:
        return (evidence.of_weight(evidence.network.gradients) * evidence.weight).abs()
