"""Dead: remove what has been dead or dormant for several measuring points; keep all else.

Source: Sokar et al., "The dormant neuron phenomenon", 2023 (dormancy); Dufort-Labbe et al.,
"Maxwell's demon at work", 2024 (pruning by removing the dead; confirmation on all of train).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Dead:
    """0 for a neuron idle for `patience` measuring points and over all of train, else 1."""

    patience: int = 3

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        remove = evidence.idle >= self.patience
        if bool(remove.any()):
            remove = remove & evidence.confirmed()
        return torch.where(remove, 0.0, 1.0)
