"""From a configuration to a plan: the method's own parts where the trial overrides nothing."""

from dataclasses import replace

from nvp.config.registry import look_up
from nvp.config.trial_config import PruneConfig
from nvp.pruning.allocation import ALLOCATIONS
from nvp.pruning.criteria import CRITERIA_OF
from nvp.pruning.methods import METHODS
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.regrow import REGROWTHS
from nvp.pruning.schedule import SCHEDULES


def plan_pruning(config: PruneConfig) -> PruningPlan:
    """Return the plan that a configuration stands for.

    Raises:
        ValueError: unknown method or part, a part of the other granularity, or a schedule that
            ends before it starts.
    """
    method = look_up("prune.method", config.method, METHODS)
    if method.aim == "none":  # whatever parts the base of a study has for its other methods
        config = replace(config, criterion="", allocation="", schedule="", regrow="")
    plan = PruningPlan(
        method=method,
        config=config,
        criterion=config.criterion or method.criterion,
        allocation=config.allocation or method.allocation,
        schedule=config.schedule or method.schedule,
        regrow=config.regrow or method.regrow,
        scale_l1=method.scale_l1 if config.scale_l1 < 0 else config.scale_l1,
        scale_l1_schedule=config.scale_l1_schedule or method.scale_l1_schedule,
        live_noise=method.live_noise if config.live_noise < 0 else config.live_noise,
    )
    if method.aim != "none":
        check_parts(plan)
    return plan


def check_parts(plan: PruningPlan) -> None:
    """Raise ValueError for a part that does not exist, or that the method cannot use."""
    kind, config = plan.granularity, plan.config
    look_up(f"prune.criterion of a {kind} method", plan.criterion, CRITERIA_OF[kind])
    look_up("prune.allocation", plan.allocation, ALLOCATIONS)
    look_up("prune.schedule", plan.schedule, SCHEDULES)
    look_up(f"prune.regrow of a {kind} method", plan.regrow, REGROWTHS[kind])
    if plan.allocation in ("er", "erk") and kind == "neuron":
        raise ValueError(
            f"prune.allocation: {plan.allocation} is for weight methods, got the neuron method "
            f"{config.method}: expected layerwise, network, network_raw or threshold"
        )
    if config.end < config.start:
        raise ValueError(
            f"prune.end: expected at least prune.start={config.start}, got {config.end}"
        )
