"""Entropy drop: remove the neurons that fall silent - low entropy, and falling for a while.

Source: after "DS-Pruning" / "ExplainableP" (code), whose comments mean a fall.
Differs: ours. Smoothed in time; a fall must last, be large enough and end among the lowest of the
layer. The published sign is `legacy_rise`.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class EntropyDrop:
    """0 for a flagged neuron, else 1.

    Flagged: the exponential moving average of its normalised entropy fell at each of the last
    `window` measuring points, by more than the fraction `drop` in all, and fewer than the fraction
    `lowest` of the layer's averages are below it. The average starts at the first entropy.
    """

    window: int = 3
    decay: float = 0.7
    drop: float = 0.05
    lowest: float = 0.2

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        average = evidence.activity.entropy.unsqueeze(1)
        history = evidence.recall("entropy")
        if history is not None:
            average = self.decay * history[:, -1:] + (1 - self.decay) * average
            average = torch.cat([history[:, -self.window :], average], 1)
        evidence.remember("entropy", average)
        return torch.where(self.flagged(average), 0.0, 1.0)

    def flagged(self, history: Float[Tensor, "f points"]) -> Bool[Tensor, "f"]:
        """Return which neurons to remove, given their averages, the latest last."""
        first, last = history[:, 0], history[:, -1]
        fell = (history.diff(dim=1) < 0).all(1) & (last < (1 - self.drop) * first)
        below = torch.searchsorted(last.sort().values, last.contiguous())
        return fell & (below < self.lowest * len(last)) & (history.shape[1] > self.window)
