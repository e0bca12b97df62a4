"""Dead: remove what has been dead or dormant for several measuring points; keep all else.

Source: Sokar et al., "The dormant neuron phenomenon", 2023 (dormancy); Dufort-Labbe et al.,
"Maxwell's demon at work", 2024 (pruning by removing the dead; confirmation on all of train).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.network.groups import neuron_layers
from nvp.pruning.evidence import Evidence
from nvp.vitality import Activity, headline_death
from nvp.vitality.death import is_dormant, is_low_variance


def is_idle(activity: Activity, *, tau: float) -> Bool[Tensor, "f"]:
    """True where a neuron is silent altogether, or dormant at `tau`."""
    return (activity.mean_abs == 0) | is_dormant(activity.mean_abs, tau=tau)


@dataclass(frozen=True)
class Dead:
    """0 for a neuron idle for `patience` measuring points and over all of train, else 1."""

    patience: int = 3
    tau: float = 0.025

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        remove = evidence.idle >= self.patience
        if bool(remove.any()):
            remove = remove & is_idle(evidence.confirmed(), tau=self.tau)
        return torch.where(remove, 0.0, 1.0)


@dataclass(frozen=True)
class Demp:
    """0 for a neuron that is dead on every training image now, else 1.

    Dead is never to fire for a ReLU. Where no output is ever 0, it is a variance of at most 1 % of
    the layer's mean, their `var` option: the signed sum that the published code tests means nothing
    for a LeakyReLU or a Swish.
    """

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        layer = neuron_layers(evidence.network.model)[evidence.path]
        strict = headline_death(layer.activation) == "dead"

        def dead(activity: Activity) -> Tensor:
            return activity.maximum <= 0 if strict else is_low_variance(activity)

        assert evidence.activity is not None
        remove = dead(evidence.activity)
        if bool(remove.any()):
            remove = remove & dead(evidence.confirmed())
        return torch.where(remove, 0.0, 1.0)
