"""Definitions of death; each is its own column, none is "the" dead fraction.

Source: Lu et al., "Dying ReLU and initialization", 2019 (strict); Hu et al., "Network trimming",
2016 (fire rate = 1 - APoZ); Sokar et al., "The dormant neuron phenomenon", 2023 (dormancy);
Dufort-Labbe et al., "Maxwell's demon at work", 2024 (low variance).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.vitality.activity import Activity

RARE = 0.01
LOW_VARIANCE = 0.01


def dormancy(mean_abs: Float[Tensor, "f"]) -> Float[Tensor, "f"]:
    """Return mean |activation| relative to the layer's average: in [0, f], layer mean 1.

    A layer that is silent altogether has 0 everywhere.
    """
    return mean_abs / (mean_abs.mean() + 1e-9)


def is_dead(activity: Activity) -> Bool[Tensor, "f"]:
    """True where no probe image makes any position positive. Means death for ReLU only."""
    return activity.maximum <= 0


def is_rare(activity: Activity) -> Bool[Tensor, "f"]:
    """True where fewer than 1 % of images and positions are positive."""
    return activity.fire_rate < RARE


def is_dormant(mean_abs: Float[Tensor, "f"], *, tau: float) -> Bool[Tensor, "f"]:
    """True where dormancy <= tau. tau = 0 is exactly "dead" for a ReLU network."""
    if not 0 <= tau < 1:
        raise ValueError(f"tau is a fraction of the layer average in [0, 1), got {tau}")
    return dormancy(mean_abs) <= tau


def is_low_variance(activity: Activity) -> Bool[Tensor, "f"]:
    """True where the variance over images is at most 1 % of the layer's mean variance."""
    return activity.variance <= LOW_VARIANCE * activity.variance.mean()


DEATHS: dict[str, Callable[[Activity], Bool[Tensor, "f"]]] = {
    "dead": is_dead,
    "rare": is_rare,
    "dormant_0025": lambda activity: is_dormant(activity.mean_abs, tau=0.025),
    "dormant_01": lambda activity: is_dormant(activity.mean_abs, tau=0.1),
    "low_variance": is_low_variance,
}


def deaths(activity: Activity, keep: Bool[Tensor, "f"]) -> dict[str, Bool[Tensor, "f"]]:
    """Return each definition's verdict; layer averages are over kept neurons, masked are False."""
    verdicts = {}
    living = activity.select(keep)
    for name, definition in DEATHS.items():
        verdicts[name] = torch.zeros_like(keep)
        if bool(keep.any()):
            verdicts[name][keep] = definition(living)
    return verdicts
