"""METHODS: published methods as rows of configuration over criteria, allocations and schedules."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from nvp.config import PruneConfig
from nvp.names import look_up
from nvp.pruning.allocate import ALLOCATIONS
from nvp.pruning.dead import Dead
from nvp.pruning.evidence import Criterion
from nvp.pruning.magnitude import Magnitude
from nvp.pruning.nvi import NVI
from nvp.pruning.random import Random
from nvp.pruning.schedule import SCHEDULES

CRITERIA: dict[str, Callable[[PruneConfig], Criterion]] = {
    "dead": lambda config: Dead(patience=config.patience),
    "magnitude": lambda config: Magnitude(),
    "nvi": lambda config: NVI(),
    "random": lambda config: Random(),
}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A row: what is scored, where the sparsity goes, and when.

    Attributes:
        summary: one line for the table of methods.
        aim: "target" aims at `prune.sparsity`; for "emergent" sparsity is an outcome.
    """

    summary: str
    criterion: str = ""
    allocation: str = ""
    schedule: str = ""
    aim: Literal["none", "target", "emergent"] = "target"


METHODS: dict[str, Method] = {
    "none": Method(summary="no pruning: the neurons die undisturbed", aim="none"),
    "dead": Method(
        summary="remove what has been dead or dormant for three measuring points",
        criterion="dead",
        allocation="threshold",
        schedule="always",
        aim="emergent",
    ),
    "nvp": Method(
        summary="neural vitality: entropy times weight norm, network-wide, gradually",
        criterion="nvi",
        allocation="network",
        schedule="cubic",
    ),
    "magnitude": Method(
        summary="smallest incoming weights, network-wide, gradually",
        criterion="magnitude",
        allocation="network",
        schedule="cubic",
    ),
    "random": Method(
        summary="random neurons, the same fraction of each layer, gradually: the control",
        criterion="random",
        allocation="layerwise",
        schedule="cubic",
    ),
}


def resolve(config: PruneConfig) -> PruneConfig:
    """Return the configuration with '' replaced by the method's own parts.

    Raises:
        ValueError: unknown method, criterion, allocation or schedule, or a schedule that ends
            before it starts.
    """
    method = look_up("prune.method", config.method, METHODS)
    if method.aim == "none":
        return config
    full = replace(
        config,
        criterion=config.criterion or method.criterion,
        allocation=config.allocation or method.allocation,
        schedule=config.schedule or method.schedule,
    )
    look_up("prune.criterion", full.criterion, CRITERIA)
    look_up("prune.allocation", full.allocation, ALLOCATIONS)
    look_up("prune.schedule", full.schedule, SCHEDULES)
    if full.end < full.start:
        raise ValueError(f"prune.end: expected at least prune.start={full.start}, got {full.end}")
    return full
