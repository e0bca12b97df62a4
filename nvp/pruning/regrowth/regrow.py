"""Regrowth: how the method lets masked neurons or weights come back."""

from typing import Any

from torch import Tensor

from nvp.config.dotted_names import find_named, is_dotted
from nvp.config.registry import look_up, shorten_text
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods.method import Granularity
from nvp.pruning.own import adapt_part
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.exchange import EXCHANGES
from nvp.pruning.regrowth.reactivation import (
    REACTIVATIONS,
    Reactivate,
    Units,
    ignore_plan,
    reactivate_units,
)

REGROWTHS: dict[Granularity, dict[str, Any]] = {
    "neuron": {"none": None} | {name: ignore_plan(rank) for name, rank in REACTIVATIONS.items()},
    "weight": {"none": None, **EXCHANGES},
}

# The settings of `prune.*` that a regrowth reads.
SETTINGS_OF_REGROWTHS: dict[str, tuple[str, ...]] = {
    "gradient": ("regrow_fraction", "regrow_end", "batch"),
    "redo": ("regrow_fraction", "regrow_end"),
    "rigl": ("regrow_fraction", "regrow_end", "batch"),
    "set": ("regrow_fraction", "regrow_end"),
}


def regrow(point: MeasuringPoint, plan: PruningPlan, masked: Units) -> Units:
    """Let weights or units come back, as the method says; return the units that did.

    Args:
        point: changed.
        plan: of the trial's pruning.
        masked: the units that this step masked; none of these comes back.
    """
    if not 0 < point.moment.progress <= plan.config.regrow_end:
        return {}
    if plan.reactivates:
        return reactivate_units(point, plan, masked, find_regrowth("neuron", plan.regrow))
    if plan.regrow != "none":
        find_regrowth("weight", plan.regrow)(point, plan.config)
        point.forget()
    return {}


def find_regrowth(granularity: Granularity, name: str) -> Any:
    """Return the regrowth of a name, ours or a user's; ValueError for none.

    A user's brings neurons back: it scores the candidates (`REACTIVATIONS`).
    """
    known = REGROWTHS[granularity]
    own = is_dotted(name) and granularity == "neuron"
    setting = "prune.regrow" if own else f"prune.regrow of a {granularity} method"
    if granularity == "weight":
        return look_up(setting, name, known)
    return find_named(setting, name, known, adapt_regrowth)


def adapt_regrowth(setting: str, name: str, found: Any) -> Reactivate:
    """Return a user's regrowth, whose scores are checked."""
    call = adapt_part("prune.regrow", name, found)

    def rank(point: MeasuringPoint, plan: PruningPlan, candidates: Units) -> dict[str, Tensor]:
        scores = call(plan.config, point, candidates)
        wanted = {group: len(index) for group, index in candidates.items()}
        pairs = scores.items() if isinstance(scores, dict) else ()
        if {group: len(each) for group, each in pairs if isinstance(each, Tensor)} != wanted:
            raise ValueError(
                f"prune.regrow: expected {name} to return {{group: a score for each candidate}} "
                f"for {wanted}, got {shorten_text(repr(scores))}"
            )
        return scores

    return rank
