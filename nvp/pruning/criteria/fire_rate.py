"""Fire rate: keep the neurons that are often positive. For ReLU; 1 - APoZ.

APoZ is the average percentage of zeros of a neuron, over images and positions.
Source: Hu et al., "Network trimming: a data-driven neuron pruning approach", 2016.
Differs: a negative output, which ReLU never has, counts as a zero.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class FireRate:
    """Fraction of images and positions with a positive output, in [0, 1]."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        return evidence.activity.fire_rate


@dataclass(frozen=True)
class Apoz:
    """0 where APoZ exceeds the layer's mean by `deviations` population deviations, else 1.

    Never a whole layer: not all can exceed their mean. For pruning and retraining in turns.
    """

    deviations: float = 1.0

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        apoz = 1 - evidence.activity.fire_rate.double()
        limit = apoz.mean() + self.deviations * apoz.std(correction=0)
        return torch.where(apoz > limit, 0.0, 1.0)
