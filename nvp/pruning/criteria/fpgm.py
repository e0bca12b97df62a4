"""FPGM: remove the neurons that the others of the layer can replace.

sum_i ||W_j - W_i||_2 over the layer's kept neurons: small near their geometric median.
Source: He et al., "Filter pruning via geometric median for deep convolutional neural networks
acceleration", 2019.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Fpgm:
    """Sum of the Euclidean distances to the layer's other incoming weights; 0 at width 1."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        filters = evidence.weight.flatten(1)
        exact = "donot_use_mm_for_euclid_dist"  # the fast way cancels for close filters
        return torch.cdist(filters, filters, compute_mode=exact).sum(1)
