"""Official NVP: the score that the authors' code computes, defects included, for comparison.

h_j = -sum t * log2(t), t = |a| + 1e-10, over images and positions; score = (||w_j||_2 h_j)^eta.
Source: "NVP" (code, `calculate_entropy` and `calculate_importance_score`), 2025.
Differs: per channel, where their reduction leaves one number per image; after the activation, not
on the convolution; norm times h stands for the body that they never published.

Defects: h is no entropy, for t is not a distribution - a constant 0.37 is the "most entropic" map,
and activations above 1 make it negative without bound. The even power then ranks a very negative h
among the best; for non-negative scores it changes no ranking at all. The vitality index is `nvi`.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence

TINY = 1e-10


def literal_entropy(maps: Float[Tensor, "n f *positions"]) -> Float[Tensor, "f"]:
    """Return -sum t log2 t of each neuron, over images and positions; not an entropy."""
    t = maps.abs() + TINY
    return -(t * t.log2()).transpose(0, 1).flatten(1).sum(1)


@dataclass(frozen=True)
class OfficialNVP:
    """(Weight norm times literal entropy) to the power `eta`; a whole number, for h < 0."""

    eta: int = 2

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        maps = evidence.maps()
        return (evidence.norms * literal_entropy(maps)) ** self.eta
