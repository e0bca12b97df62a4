"""The type of a pruning method: a row of configuration over shared parts."""

from dataclasses import dataclass
from typing import Literal

Need = Literal["batch_norm", "relu", "reads", "maps"]
Granularity = Literal["neuron", "weight"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A row: criterion, allocation, schedule and regrowth.

    Attributes:
        summary: one line for the table of methods.
        aim: "target" aims at `prune.sparsity`; for "emergent" sparsity is an outcome.
        granularity: what is masked, neurons or single weights.
        criterion: a name in CRITERIA, or in WEIGHT_CRITERIA.
        allocation: a name in ALLOCATIONS.
        schedule: a name in SCHEDULES.
        trigger: a name in TRIGGERS: the condition that the schedule waits for.
        in_rounds: a name in ROUNDS: rounds of scoring within one step.
        regrow: a name in REGROWTHS.
        rewinds: whether weights go back to their initial values after each step.
        scale_l1: L1 on normalisation scales while it trains.
        scale_l1_schedule: a name in PENALTIES.
        live_noise: standard deviation of the noise on living weights after each update.
        needs: properties that a network must have.
    """

    summary: str
    aim: Literal["none", "target", "emergent"] = "target"
    granularity: Granularity = "neuron"
    criterion: str = ""
    allocation: str = ""
    schedule: str = ""
    trigger: str = ""
    in_rounds: str = "once"
    regrow: str = "none"
    rewinds: bool = False
    scale_l1: float = 0.0
    scale_l1_schedule: str = "constant"
    live_noise: float = 0.0
    needs: tuple[Need, ...] = ()


def neurons(criterion: str, allocation: str, schedule: str, summary: str, **more: object) -> Method:
    """Return a method that masks neurons."""
    return Method(
        criterion=criterion,
        allocation=allocation,
        schedule=schedule,
        summary=summary,
        **more,  # type: ignore[arg-type]
    )


def weights(criterion: str, allocation: str, schedule: str, summary: str, **more: object) -> Method:
    """Return a method that masks single weights."""
    return neurons(criterion, allocation, schedule, summary, granularity="weight", **more)
