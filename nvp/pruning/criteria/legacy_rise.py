"""Legacy rise: the rule of the published code, with its sign, that removes rising entropies.

D_j = H_{t-1} - H_t; KL_t = sum_j max(0, -D_j); remove j if D_j < 0 and KL_t > KL_{t-1}.
Source: "DS-Pruning" / "ExplainableP" (code; a control, not a recommendation).
Differs: the entropy is `nvp.vitality.entropy`, once per measuring point. Theirs has no body, KL is
called a divergence and is none, KL_t + KL_{t-1} is tested, and a comment calls D_j < 0 a fall.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class LegacyRise:
    """0 for a neuron whose entropy rose while the layer's total rise grew, else 1.

    Removes nothing at the first two measuring points: there is no total rise to compare with.
    """

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        entropy = evidence.activity.entropy
        before, total_before = evidence.recall("entropy"), evidence.recall("rise")
        evidence.remember("entropy", entropy)
        if before is None:
            return torch.ones_like(entropy)
        rise = (entropy - before).clamp(min=0)
        total = rise.sum()
        evidence.remember("rise", total.expand(len(rise)))  # the layer's, a copy for each neuron
        if total_before is None or total <= total_before.max():
            return torch.ones_like(entropy)
        return torch.where(rise > 0, 0.0, 1.0)
