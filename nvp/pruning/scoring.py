"""Scores of everything that can be masked, and what to keep of it."""

from collections.abc import Callable
from functools import partial
from math import ceil

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nvp.config.trial_config import PruneConfig
from nvp.network.adopted.adopted_layer import AdoptedLayer
from nvp.network.group import Group
from nvp.network.groups import Layer, find_groups, neuron_layers
from nvp.network.weight_masks import live_weights, name_layers, prunable_weights
from nvp.pruning.allocation import Keep, Scores
from nvp.pruning.criteria import find_criterion
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods.method import Granularity
from nvp.pruning.plan import PruningPlan
from nvp.vitality import Activity, weight_norms


def choose_kept(point: MeasuringPoint, plan: PruningPlan, target: float) -> tuple[Keep, Scores]:
    """Return (what to keep, the scores)."""
    scores = score_pool(point, plan)
    floors = count_floors(scores, plan.config, plan.granularity)
    return plan.allocate(scores, target, floors), scores


def find_floored(plan: PruningPlan, target: float, keep: Keep, scores: Scores) -> list[str]:
    """Return the groups of which a floor protects some, of what `choose_kept` returned."""
    free = plan.allocate(scores, target, dict.fromkeys(scores, 0))
    return [group for group in keep if int(keep[group].sum()) > int(free[group].sum())]


def count_floors(scores: Scores, config: PruneConfig, granularity: Granularity) -> dict[str, int]:
    """Return the least number to keep of each group: one, or the floor of a layer's neurons."""
    share = config.floor if granularity == "neuron" else 0.0
    return {g: min(s.numel(), max(1, ceil(share * len(s)))) for g, s in scores.items()}


def score_pool(point: MeasuringPoint, plan: PruningPlan) -> Scores:
    """Return the score of everything that the plan's method may mask."""
    return SCORES[plan.granularity](point, plan.config, plan.criterion)


def score_units(
    point: MeasuringPoint, config: PruneConfig, criterion: str
) -> dict[str, Float[Tensor, "_"]]:
    """Return the score of every prunable unit of the dense network; -inf where masked or removed.

    The score of a group is the mean over its layers.

    Args:
        point: its memory is changed by a criterion that remembers.
        config: of the trial.
        criterion: a name in CRITERIA.
    """
    judge = find_criterion("neuron", criterion)(config)
    layers = neuron_layers(point.model)
    scores = {}
    for name, group in find_groups(point.model, config.sites).items():
        total = torch.full((group.dense,), -torch.inf, device=group.keep.device)
        if bool(group.keep.any()):
            each = {
                path: score_layer(point, config, judge, path, layers[path]) for path in group.scored
            }
            found = average_by_unit(each, {path: layers[path] for path in each}, group)
            total[group.origin[group.keep]] = found.to(total.dtype)
        scores[name] = total
    return scores


def average_by_unit(
    scores: dict[str, Float[Tensor, "_"]], layers: dict[str, Layer], group: Group
) -> Float[Tensor, "u"]:
    """Return the mean score of each kept unit over all kept neurons that are it, in any layer.

    A unit of which no layer has a neuron has -inf: nothing is known of it, so it stays.
    """
    if group.aligned:
        return torch.stack(list(scores.values())).mean(0)
    values = torch.cat(list(scores.values()))
    units = torch.cat([layers[path].units[layers[path].keep] for path in scores])
    total = values.new_zeros(len(group.keep)).index_add_(0, units, values)
    count = torch.bincount(units, minlength=len(group.keep))
    return torch.where(count > 0, total / count.clamp(min=1), -torch.inf)[group.keep]


def score_layer(
    point: MeasuringPoint, config: PruneConfig, criterion: Criterion, path: str, layer: Layer
) -> Float[Tensor, "f"]:
    """Return the scores of a layer's kept neurons."""
    keep = layer.keep
    evidence = Evidence(
        path=path,
        weight=layer.weight.detach()[keep],
        norms=weight_norms(layer, kind=config.weight_norm)[keep],
        activity=point.observation.layers[path].select(keep),
        idle=point.idle[path][keep],
        confirmed=lambda: point.confirm()[path].select(keep),
        rng=point.ties,
        network=point.network,
        gather=partial(layer.gather, path=path),
        index=keep,
        memory=recall_layer(point, path),
    )
    scores = criterion(evidence)
    remember_layer(point, path, evidence.memory)
    return scores


def score_weights(
    point: MeasuringPoint, config: PruneConfig, criterion: str
) -> dict[str, Float[Tensor, "..."]]:
    """Return the score of every weight of a convolution or linear layer; -inf where masked.

    Args:
        point: its memory is changed by a criterion that remembers.
        config: of the trial.
        criterion: a name in WEIGHT_CRITERIA.
    """
    judge = find_criterion("weight", criterion)(config)
    layers, live = neuron_layers(point.model), live_weights(point.model)
    paths, scores = name_layers(point.model), {}
    for name, parameter in prunable_weights(point.model).items():
        path, weight = paths[name], parameter.detach()
        order = find_order(layers[path], name, weight) if path in layers else None
        idle = weight.new_zeros(len(weight), dtype=torch.int64)
        evidence = Evidence(
            path=path,
            weight=weight,
            norms=weight.flatten(1).norm(dim=1),
            activity=None if order is None else point.observation.layers[path].select(order),
            idle=idle if order is None else point.idle.get(path, idle)[order],
            confirmed=partial(confirm_rows, point, path, order),
            rng=point.ties,
            network=point.network,
            weight_name=name,
            memory=recall_layer(point, path),
        )
        scores[name] = judge(evidence).masked_fill(~live[name], -torch.inf)
        remember_layer(point, path, evidence.memory)
    return scores


def confirm_rows(point: MeasuringPoint, path: str, order: Int64[Tensor, "f"] | None) -> Activity:
    """Return the activity over the whole training set of the neuron that each row makes."""
    activity = point.confirm()[path]
    return activity if order is None else activity.select(order)


def find_order(layer: Layer, name: str, weight: Tensor) -> Int64[Tensor, "f"] | None:
    """Return which neuron each row of a weight makes; None where some rows make none.

    Args:
        layer: that the weight belongs to.
        name: of the weight.
        weight: itself.
    """
    if isinstance(layer, AdoptedLayer):
        pieces = layer.find_pieces()
        whole = len(pieces) == 1 and len(pieces[0].rows) == len(weight) and not pieces[0].dim
        if not whole or pieces[0].weight != name:
            return None
        return pieces[0].rows.argsort().to(weight.device)
    return layer.units


def recall_layer(point: MeasuringPoint, path: str) -> dict[str, Tensor]:
    """Return what a criterion remembered of a layer."""
    start = f"{path}/"
    return {k.removeprefix(start): v for k, v in point.memory.items() if k.startswith(start)}


def remember_layer(point: MeasuringPoint, path: str, memory: dict[str, Tensor]) -> None:
    """Keep what a criterion remembers of a layer. Changes the point's memory."""
    point.memory.update({f"{path}/{key}": value for key, value in memory.items()})


SCORES: dict[Granularity, Callable[[MeasuringPoint, PruneConfig, str], Scores]] = {
    "neuron": score_units,
    "weight": score_weights,
}
