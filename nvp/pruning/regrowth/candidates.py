"""Which masked neurons come back first: REACTIVATIONS by name, and a user's by a dotted name.

Differs from the paper of DNR-Pruning: its code has none of it. The gradient of a masked neuron
is 0, and with outgoing weights 0 so is that of its incoming ones: candidates are ranked by the
gradient of the outgoing.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.config.dotted_names import find_named, is_dotted
from nvp.config.registry import shorten_text
from nvp.network.group import find_entries
from nvp.network.groups import find_groups
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.own import adapt_part
from nvp.pruning.plan import PruningPlan


def rank_by_gradient(point: MeasuringPoint, candidates: Units) -> dict[str, Float[Tensor, "_"]]:
    """Return the norm of the loss gradient of each candidate's outgoing weights."""
    point.forget()
    gradients = point.network.gradients
    groups, scores = find_groups(point.model), {}
    for name, index in candidates.items():
        total = torch.zeros(len(groups[name].keep), dtype=torch.float64)
        for slots in groups[name].slots:
            if slots.reads:
                entries = find_entries(slots, index)
                columns = gradients[slots.name].movedim(slots.dim, 0)[entries].flatten(1)
                of_unit = slots.units[torch.isin(slots.entries, entries)].cpu()
                total.index_add_(0, of_unit, columns.double().square().sum(1).cpu())
        scores[name] = total[index.cpu()].sqrt()
    return scores


def rank_by_chance(point: MeasuringPoint, candidates: Units) -> dict[str, Float[Tensor, "_"]]:
    """Return random scores."""
    return {g: torch.rand(len(i), generator=point.regrow) for g, i in candidates.items()}


REACTIVATIONS: dict[str, Callable[[MeasuringPoint, Units], dict[str, Tensor]]] = {
    "gradient": rank_by_gradient,
    "redo": rank_by_chance,
}

Reactivate = Callable[[MeasuringPoint, PruningPlan, Units], dict[str, Tensor]]


def find_reactivation(name: str) -> Reactivate:
    """Return what scores the neurons that may come back, ours or a user's; ValueError for none."""
    ours = {each: ignore_plan(rank) for each, rank in REACTIVATIONS.items()}
    setting = "prune.regrow" if is_dotted(name) else "prune.regrow of a neuron method"
    return find_named(setting, name, {"none": rank_nothing, **ours}, adapt_reactivation)


def ignore_plan(rank: Callable[[MeasuringPoint, Units], dict[str, Tensor]]) -> Reactivate:
    """Return one of REACTIVATIONS, which do not read the plan, as what may read it."""
    return lambda point, plan, candidates: rank(point, candidates)


def rank_nothing(point: MeasuringPoint, plan: PruningPlan, candidates: Units) -> dict[str, Tensor]:
    """Return no scores: no neuron comes back."""
    return {}


def adapt_reactivation(setting: str, name: str, found: Any) -> Reactivate:
    """Return a user's regrowth, whose scores are checked."""
    call = adapt_part(setting, name, found)

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
