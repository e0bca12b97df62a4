"""What a criterion may look at, and what a criterion is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nvp.vitality import Activity


@dataclass(frozen=True)
class Evidence:
    """One layer's kept neurons at a measuring point.

    Attributes:
        weight: incoming weights; dim 0 indexes the kept neurons.
        norms: L2 norm of the incoming weights, raw or folded as the trial says.
        activity: their activity over the probe.
        idle: for how many measuring points in a row, this one included, each was dead or dormant.
        confirmed: measures which are dead or dormant over the whole training set; costs a pass.
        rng: the trial's `ties` stream at this epoch.
    """

    weight: Float[Tensor, "f *fan_in"]
    norms: Float[Tensor, "f"]
    activity: Activity
    idle: Int64[Tensor, "f"]
    confirmed: Callable[[], Tensor]
    rng: torch.Generator


@runtime_checkable
class Criterion(Protocol):
    """Scores the kept neurons of a layer; higher means keep, always finite."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]: ...
