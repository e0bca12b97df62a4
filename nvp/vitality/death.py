"""Definitions of death; each is a column of its own, and none is "the" dead fraction.

The activation decides which definitions are meaningful. One that does not apply has no verdict, and
its column is null. Every activation has a headline: the definition that its events follow.

Source: Lu et al., "Dying ReLU and initialization", 2019 (strict); Hu et al., "Network trimming",
2016 (fire rate = 1 - APoZ); Sokar et al., "The dormant neuron phenomenon", 2023 (dormancy);
Dufort-Labbe et al., "Maxwell's demon at work", 2024 (low variance); Dohare et al., "Loss of
plasticity in deep continual learning", 2024 (saturated).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.models.concatenated import ConcatenatedReLU
from nvp.vitality.activity import Activity

RARE = 0.01  # fraction of images and positions
LOW_VARIANCE = 0.01  # of the layer's mean variance
FLAT = 0.01  # |y| of SiLU, GELU, Hardswish and Mish
PINNED = 0.99  # |y| of tanh


def dormancy(mean_abs: Float[Tensor, "f"]) -> Float[Tensor, "f"]:
    """Return mean |activation| relative to the layer's average: in [0, f], layer mean 1.

    A layer that is silent altogether has 0 everywhere.
    """
    return mean_abs / (mean_abs.mean() + 1e-9)  # so that a silent layer does not give 0 / 0


def is_never_positive(activity: Activity) -> Bool[Tensor, "f"]:
    """True where no probe image makes any position positive.

    A ReLU is then dead: its output and its gradient are 0. A LeakyReLU or an ELU is then on its
    negative side, where the gradient is not 0.
    """
    return activity.maximum <= 0


def is_rare(activity: Activity) -> Bool[Tensor, "f"]:
    """True where fewer than 1 % of images and positions are positive."""
    return activity.fire_rate < RARE


def is_saturated(activity: Activity) -> Bool[Tensor, "f"]:
    """True where every image and position is on a flat end of the activation.

    SiLU and GELU: max |y| <= 0.01 (below about z = -6.5 and -2.7, or within 0.02 of 0).
    Hardswish and Mish, which adopted networks may have: the same (below about -3.0 and -6.4).
    tanh: min |y| >= 0.99 (beyond |z| = 2.6).
    """
    if activity.min_abs is not None:
        return activity.min_abs >= PINNED
    assert activity.max_abs is not None, "no extreme was measured"
    return activity.max_abs <= FLAT


def is_dormant(mean_abs: Float[Tensor, "f"], *, tau: float) -> Bool[Tensor, "f"]:
    """True where dormancy <= tau. tau = 0 is exactly "dead" for a ReLU network."""
    if not 0 <= tau < 1:
        raise ValueError(f"tau is a fraction of the layer average in [0, 1), got {tau}")
    return dormancy(mean_abs) <= tau


def is_low_variance(activity: Activity) -> Bool[Tensor, "f"]:
    """True where the variance over images is at most 1 % of the layer's mean variance."""
    return activity.variance <= LOW_VARIANCE * activity.variance.mean()


DEATHS: dict[str, Callable[[Activity], Bool[Tensor, "f"]]] = {
    "dead": is_never_positive,
    "negative_side": is_never_positive,
    "rare": is_rare,
    "saturated": is_saturated,
    "dormant_0025": lambda activity: is_dormant(activity.mean_abs, tau=0.025),
    "dormant_01": lambda activity: is_dormant(activity.mean_abs, tau=0.1),
    "low_variance": is_low_variance,
}

# `rare` is for activations that switch at 0: off is silent (ReLU) or passive (LeakyReLU, ELU). A
# SiLU or GELU that is rarely positive still signals with its negative dip, a tanh with its sign.
APPLICABLE: dict[type, tuple[str, ...]] = {
    ConcatenatedReLU: ("dead",),  # one of its outputs is positive unless z is 0 everywhere
    nn.ReLU: ("dead", "rare"),
    nn.ReLU6: ("dead", "rare"),
    nn.LeakyReLU: ("negative_side", "rare"),
    nn.ELU: ("negative_side", "rare"),
    nn.SELU: ("negative_side", "rare"),
    nn.CELU: ("negative_side", "rare"),
    nn.SiLU: ("saturated",),
    nn.GELU: ("saturated",),
    nn.Hardswish: ("saturated",),
    nn.Mish: ("saturated",),
    nn.Tanh: ("saturated",),
}
ALWAYS = ("dormant_0025", "dormant_01", "low_variance")


def list_definitions(activation: Callable[[Tensor], Tensor]) -> tuple[str, ...]:
    """Return the names in DEATHS that apply to an activation; to an unknown one those of ALWAYS."""
    return (*APPLICABLE.get(type(activation), ()), *ALWAYS)


def headline_death(activation: Callable[[Tensor], Tensor]) -> str:
    """Return the definition that the events died and revived and the progress display use.

    It is "dead" where that is exact (ReLU), "dormant_0025" everywhere else.
    """
    return "dead" if "dead" in list_definitions(activation) else "dormant_0025"


def judge_deaths(
    activity: Activity, keep: Bool[Tensor, "f"], activation: Callable[[Tensor], Tensor]
) -> dict[str, Bool[Tensor, "f"]]:
    """Return the verdict of each definition that applies to a layer, by name.

    Args:
        activity: of the layer, as `observe` measures it.
        keep: True where not masked. Layer averages are over these neurons; the verdict of all
            others is False.
        activation: of the layer.
    """
    verdicts = {}
    living = activity.select(keep)
    for name in list_definitions(activation):
        verdicts[name] = torch.zeros_like(keep)
        if bool(keep.any()):
            verdicts[name][keep] = DEATHS[name](living)
    return verdicts
