"""Masking: from a target to masks. Most criteria mask the lowest scores, some by their own rule."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nvp.network.groups import find_groups
from nvp.network.neuron_masks import mask_units, soften_units
from nvp.network.weight_masks import mask_weights, name_layers, soften_weights
from nvp.pruning.allocation import Keep, Scores
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.nn_relief.relief_step import mask_by_relief
from nvp.pruning.plan import PruningPlan
from nvp.pruning.schedule import ROUNDS
from nvp.pruning.scoring import choose_kept, find_floored


@dataclass(frozen=True)
class Masked:
    """The result of masking.

    Attributes:
        units: the newly masked units, by group; of a method that masks neurons.
        floored: groups, or paths of layers, of which a floor kept the step from masking more.
    """

    units: Units = field(default_factory=dict)
    floored: frozenset[str] = frozenset()


def mask(point: MeasuringPoint, plan: PruningPlan, target: float) -> Masked:
    """Mask by the rule of the plan's criterion, else the lowest scores. Changes the point."""
    own = OWN_RULES.get(plan.criterion, mask_lowest)
    return own(point, plan, target)


def mask_lowest(point: MeasuringPoint, plan: PruningPlan, target: float) -> Masked:
    """Mask the lowest scores, in one round or several. Changes the point."""
    found: dict[str, list[Tensor]] = {}
    part, keep, scores = target, {}, {}
    for part in ROUNDS[plan.method.in_rounds](target):
        keep, scores = choose_kept(point, plan, part)
        for group, index in apply_masks(point, plan, keep, scores).items():
            found.setdefault(group, []).append(index)
        point.forget()
    floored = find_floored(plan, part, keep, scores)  # of the last round
    weights = plan.granularity == "weight"
    names = name_layers(point.model) if weights else {}
    return Masked(
        {group: torch.cat(parts) for group, parts in found.items()},
        frozenset(names[group] if weights else group for group in floored),
    )


def apply_masks(point: MeasuringPoint, plan: PruningPlan, keep: Keep, scores: Scores) -> Units:
    """Mask what is not kept; a soft method only zeroes it. Return the units newly masked."""
    model, optimizer, units = point.model, point.optimizer, {}
    groups = find_groups(model)
    for group, score in scores.items():
        new = ~keep[group] & (score > -torch.inf)
        if not bool(new.any()):
            continue
        if plan.granularity == "weight":
            if plan.is_soft:
                soften_weights(model, group, ~new)
            else:
                mask_weights(model, optimizer, group, ~new)
            continue
        units[group] = new[groups[group].origin].nonzero().flatten()
        if plan.is_soft:
            soften_units(model, group, units[group])
        else:
            mask_units(model, optimizer, group, units[group])
    return units


# Criteria that mask by a rule of their own, and not the lowest scores up to the target.
OWN_RULES: dict[str, Callable[[MeasuringPoint, PruningPlan, float], Masked]] = {
    "nn_relief": lambda point, plan, target: Masked(mask_by_relief(point, plan.config)),
}
