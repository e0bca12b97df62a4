"""Scores of everything that can be masked, and what to keep of it."""

from collections.abc import Callable
from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.config.trial_config import PruneConfig
from nvp.network.groups import neuron_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.weight_masks import layer_path, live_weights, prunable_weights
from nvp.pruning.allocation import Keep, Scores
from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods.method import Granularity
from nvp.pruning.plan import PruningPlan
from nvp.vitality import weight_norms


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
    judge = CRITERIA[criterion](config)
    layers = neuron_layers(point.model)
    scores = {}
    for group, paths in prunable_groups(point.model, config.sites).items():
        watched = [path for path in paths if path in layers]
        keep, origin = layers[watched[0]].keep, layers[watched[0]].origin
        total = torch.full((layers[watched[0]].dense,), -torch.inf, device=keep.device)
        if bool(keep.any()):
            each = [score_layer(point, config, judge, path, layers[path]) for path in watched]
            total[origin[keep]] = torch.stack(each).mean(0).to(total.dtype)
        scores[group] = total
    return scores


def score_layer(
    point: MeasuringPoint, config: PruneConfig, criterion: Criterion, path: str, layer: NeuronLayer
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
        weight_name=f"{path}.affine.weight",
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
    judge = WEIGHT_CRITERIA[criterion](config)
    layers, live = neuron_layers(point.model), live_weights(point.model)
    scores = {}
    for name, parameter in prunable_weights(point.model).items():
        path, weight = layer_path(name), parameter.detach()
        evidence = Evidence(
            path=path,
            weight=weight,
            norms=weight.flatten(1).norm(dim=1),
            activity=point.observation.layers[path] if path in layers else None,
            idle=point.idle.get(path, weight.new_zeros(len(weight), dtype=torch.int64)),
            confirmed=lambda path=path: point.confirm()[path],
            rng=point.ties,
            network=point.network,
            weight_name=name,
            memory=recall_layer(point, path),
        )
        scores[name] = judge(evidence).masked_fill(~live[name], -torch.inf)
        remember_layer(point, path, evidence.memory)
    return scores


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
