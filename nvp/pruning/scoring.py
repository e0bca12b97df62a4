"""Scores of everything that can be masked, and what to keep of it."""

from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.config.trial_config import PruneConfig
from nvp.network.neuron_layer import NeuronLayer, neuron_layers, prunable_groups
from nvp.network.weight_masks import layer_path, live_weights, prunable_weights
from nvp.pruning.allocation import ALLOCATIONS, Keep, Scores
from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods import METHODS
from nvp.vitality import weight_norms


def choose(
    point: MeasuringPoint, config: PruneConfig, target: float
) -> tuple[Keep, Scores, list[str]]:
    """Return (what to keep, the scores, the groups of which a floor protects some)."""
    weights = METHODS[config.method].granularity == "weight"
    scores = score_weights(point, config) if weights else score_units(point, config)
    floors = floors_of(scores, config, METHODS[config.method].granularity)
    allocate = ALLOCATIONS[config.allocation]
    keep = allocate(scores, target, floors)
    free = allocate(scores, target, dict.fromkeys(floors, 0))
    return keep, scores, [g for g in keep if int(keep[g].sum()) > int(free[g].sum())]


def floors_of(scores: Scores, config: PruneConfig, granularity: str) -> dict[str, int]:
    """Return the least number to keep of each group: one, or the floor of a layer's neurons."""
    share = config.floor if granularity == "neuron" else 0.0
    return {g: min(s.numel(), max(1, ceil(share * len(s)))) for g, s in scores.items()}


def score_units(point: MeasuringPoint, config: PruneConfig) -> dict[str, Float[Tensor, "_"]]:
    """Return the score of every prunable unit of the dense network; -inf where masked or removed.

    A group's is its layers' mean.
    """
    criterion = CRITERIA[config.criterion](config)
    layers = neuron_layers(point.model)
    scores = {}
    for group, paths in prunable_groups(point.model, config.sites).items():
        watched = [path for path in paths if path in layers]
        keep, origin = layers[watched[0]].keep, layers[watched[0]].origin
        total = torch.full((layers[watched[0]].dense,), -torch.inf, device=keep.device)
        if bool(keep.any()):
            each = [score_layer(point, config, criterion, path, layers[path]) for path in watched]
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
        memory=recollect(point, path),
    )
    scores = criterion(evidence)
    memorise(point, path, evidence.memory)
    return scores


def score_weights(point: MeasuringPoint, config: PruneConfig) -> dict[str, Float[Tensor, "..."]]:
    """Return the score of every weight of a convolution or linear layer; -inf where masked."""
    criterion = WEIGHT_CRITERIA[config.criterion](config)
    layers, live = neuron_layers(point.model), live_weights(point.model)
    scores = {}
    for name, parameter in prunable_weights(point.model).items():
        path, weight = layer_path(name), parameter.detach()
        evidence = Evidence(
            path=path,
            weight=weight,
            norms=weight.flatten(1).norm(dim=1),
            activity=point.observation.layers[path] if path in layers else None,
            idle=point.idle.get(path, torch.zeros(len(weight), dtype=torch.int64)),
            confirmed=lambda path=path: point.confirm()[path],
            rng=point.ties,
            network=point.network,
            weight_name=name,
            memory=recollect(point, path),
        )
        scores[name] = criterion(evidence).masked_fill(~live[name], -torch.inf)
        memorise(point, path, evidence.memory)
    return scores


def recollect(point: MeasuringPoint, path: str) -> dict[str, Tensor]:
    """Return what a criterion remembered of a layer."""
    start = f"{path}/"
    return {k.removeprefix(start): v for k, v in point.memory.items() if k.startswith(start)}


def memorise(point: MeasuringPoint, path: str, memory: dict[str, Tensor]) -> None:
    """Keep what a criterion remembers of a layer."""
    point.memory.update({f"{path}/{key}": value for key, value in memory.items()})
