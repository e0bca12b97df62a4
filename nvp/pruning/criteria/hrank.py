"""HRank: keep the neurons whose feature maps have a high rank.

The mean over images of the rank of the map (height x width); a neuron without positions has rank
1 where its output is not 0.
Source: Lin et al., "HRank: filter pruning using high-rank feature map", 2020.
Differs: ties, which small maps are full of, go by the norm of the incoming weights: it adds less
than half of 1 / images, the step between two mean ranks.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


def mean_rank(maps: Float[Tensor, "n f *positions"]) -> Float[Tensor, "f"]:
    """Return the mean rank of each neuron's maps, in [0, min(height, width)]."""
    if maps.dim() == 4:
        return torch.linalg.matrix_rank(maps).to(maps.dtype).mean(0)
    lively = maps != 0 if maps.dim() == 2 else (maps != 0).flatten(2).any(2)
    return lively.to(maps.dtype).mean(0)


@dataclass(frozen=True)
class HRank:
    """Mean rank of the feature maps; equal ranks in the order of the weight norms."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        maps = evidence.maps()
        norms = evidence.norms.to(maps.dtype)
        share = norms / norms.max() if bool(norms.any()) else norms
        return mean_rank(maps) + 0.49 * share / len(maps)
