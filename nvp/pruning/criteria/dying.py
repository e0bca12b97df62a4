"""Dying: the neuron states of DNR-Pruning - alive, dying, pruned, reactivated.

A neuron is dying while it fires on less than 1 % of images and positions, or its normalised
entropy is below 0.05, or its dormancy is at most tau; after `patience` checks in a row it is
removed, unless it recovered. Reactivation is in `regrow`.
Source: "DNR-Pruning", TMLR 2025 (abstract: monitoring and reactivation of dying neurons).
Differs: their rule (algorithm 1 of the paper) could not be read; this one is ours.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.pruning.evidence import Evidence
from nvp.vitality import nvi
from nvp.vitality.death import is_dormant

RARELY, FEW_BITS = 0.01, 0.05
CHECKS = "dying_checks"


@dataclass(frozen=True)
class Dying:
    """0 for a neuron that was dying for `patience` checks in a row, else 1."""

    patience: int = 3
    tau: float = 0.025

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return torch.where(self.expired(evidence), 0.0, 1.0)

    def expired(self, evidence: Evidence) -> Bool[Tensor, "f"]:
        """Return which neurons to remove; counts this check in the criterion's memory."""
        before = evidence.recall(CHECKS)
        dying = self.is_dying(evidence)
        checks = torch.where(dying, 1.0 if before is None else before + 1.0, 0.0)
        evidence.remember(CHECKS, checks)
        return checks >= self.patience

    def is_dying(self, evidence: Evidence) -> Bool[Tensor, "f"]:
        """Return which neurons fire rarely, say little or are dormant."""
        activity = evidence.activity
        assert activity is not None
        dormant = is_dormant(activity.mean_abs, tau=self.tau)
        return (activity.fire_rate < RARELY) | (activity.entropy < FEW_BITS) | dormant


@dataclass(frozen=True)
class DyingNVI:
    """0 for a neuron that was dying for `patience` checks in a row, else its vitality index."""

    patience: int = 3
    tau: float = 0.025

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        expired = Dying(self.patience, self.tau).expired(evidence)
        return torch.where(expired, 0.0, nvi(evidence.activity.entropy, evidence.norms))


def state_changes(
    before: dict[str, Tensor], after: dict[str, Tensor], keeps: dict[str, Bool[Tensor, "_"]]
) -> dict[str, dict[str, Bool[Tensor, "_"]]]:
    """Return per layer which kept neurons began to die, and which recovered, since last time.

    Args:
        before: the method's memory at the last measuring point.
        after: and at this one.
        keeps: per layer, what was kept before this point's pruning.
    """
    changes = {}
    for path, keep in keeps.items():
        if (now := after.get(f"{path}/{CHECKS}")) is not None:
            was = before.get(f"{path}/{CHECKS}", torch.zeros_like(now))
            dying, recovered = (was == 0) & (now > 0), (was > 0) & (now == 0)
            changes[path] = {"dying": dying & keep, "recovered": recovered & keep}
    return changes
