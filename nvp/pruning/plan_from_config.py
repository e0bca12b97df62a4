"""From a configuration to a plan: the method's own parts where the trial overrides nothing."""

from dataclasses import replace

from nvp.config.dotted_names import find_named, is_dotted
from nvp.config.own_settings import Own
from nvp.config.registry import look_up
from nvp.config.trial_config import PruneConfig
from nvp.pruning.allocation import find_allocation
from nvp.pruning.criteria import find_criterion
from nvp.pruning.methods import METHODS
from nvp.pruning.own import adapt_method, find_own_part
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.candidates import find_reactivation
from nvp.pruning.regrowth.regrow import REGROWTHS
from nvp.pruning.schedule import ROUNDS, find_schedule
from nvp.pruning.trigger import TRIGGERS


def plan_pruning(config: PruneConfig) -> PruningPlan:
    """Return the plan that a configuration stands for.

    Raises:
        ValueError: unknown method or part, a part of the other granularity, or a schedule that
            ends before it starts.
    """
    method = find_named("prune.method", config.method, METHODS, adapt_method)
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
    find_criterion(kind, plan.criterion)
    find_allocation(plan.allocation)
    find_schedule(plan.schedule)
    if kind == "neuron":
        find_reactivation(plan.regrow)
    else:
        look_up("prune.regrow of a weight method", plan.regrow, REGROWTHS[kind])
    look_up(f"trigger of {config.method}", plan.method.trigger, TRIGGERS)
    look_up(f"in_rounds of {config.method}", plan.method.in_rounds, ROUNDS)
    if plan.allocation in ("er", "erk") and kind == "neuron":
        raise ValueError(
            f"prune.allocation: {plan.allocation} is for weight methods, got the neuron method "
            f"{config.method}: expected layerwise, network, network_raw or threshold"
        )
    if config.end < config.start:
        raise ValueError(
            f"prune.end: expected at least prune.start={config.start}, got {config.end}"
        )


def list_own_of_pruning(config: PruneConfig) -> list[Own]:
    """Return the user's functions that a section names: what reads `prune.extra`."""
    plan = plan_pruning(config)
    if plan.method.aim == "none":
        return []
    parts = ("criterion", "allocation", "schedule", "regrow")
    named = {f"prune.{part}": getattr(plan, part) for part in parts}
    return [find_own_part(setting, name) for setting, name in named.items() if is_dotted(name)]
