"""One pruning step: score -> allocate -> mask -> regrow."""

import torch
from torch import Tensor, nn

from nvp.config.trial_config import PruneConfig
from nvp.network.neuron_layer import maskable_layers, neuron_layers, prunable_groups
from nvp.network.neuron_masks import mask_units, soften_units
from nvp.network.weight_masks import (
    layer_path,
    mask_weights,
    parameter_masks,
    soften_weights,
    weight_changes,
    weight_sparsity,
)
from nvp.pruning.allocation import Keep, Scores, whole
from nvp.pruning.criteria import CRITERIA
from nvp.pruning.criteria.dying import state_changes
from nvp.pruning.measuring_point import MeasuringPoint, Pruned
from nvp.pruning.methods import METHODS
from nvp.pruning.neuron_regrowth import RANKINGS, Units, reactivate
from nvp.pruning.nn_relief.relief_step import relieve
from nvp.pruning.rewinding import rewind
from nvp.pruning.schedule import ROUNDS, SCHEDULES, SOFT
from nvp.pruning.scoring import choose, score_units
from nvp.pruning.trigger import TRIGGERS, at_the_latest
from nvp.pruning.weight_regrowth import EXCHANGES


def prune(point: MeasuringPoint, config: PruneConfig) -> Pruned:
    """Mask and regrow what the method asks for at this measuring point. Changes the point.

    Args:
        point: the measuring point; its model, optimizer and memory are changed.
        config: resolved (`nvp.pruning.plan`).
    """
    method = METHODS[config.method]
    masks = {name: mask.clone() for name, mask in parameter_masks(point.model).items()}
    keeps = {path: layer.keep.clone() for path, layer in neuron_layers(point.model).items()}
    memory = dict(point.memory)
    target, forced = due(point, config)
    masked: Units = {}
    floored: set[str] = set()
    if method.rewinds and point.moment.progress == 0:
        rewind(point)
    if target is None or reached(point.model, config, target):
        watch(point, config)
    elif config.criterion == "nn_relief":
        masked = relieve(point, config)
    else:
        masked, floored = mask_lowest(point, config, target)
    if method.rewinds and target is not None:
        rewind(point)
    grown = regrow(point, config, masked)
    changes = weight_changes(point.model, masks)
    return Pruned(
        masked=masked,
        target=None if config.allocation == "threshold" else target,
        floored=tuple(sorted(floored)),
        grown=grown,
        weights=changes,
        forced=forced and bool(masked or changes),
        states=state_changes(memory, point.memory, keeps),
    )


def due(point: MeasuringPoint, config: PruneConfig) -> tuple[float | None, bool]:
    """Return (the target of this point or None, whether it is due although no trigger fired)."""
    method = METHODS[config.method]
    target = SCHEDULES[config.schedule](config, point.moment)
    if target is not None and reached(point.model, config, target):
        return target, False
    fired = TRIGGERS[method.trigger](point, config, method.granularity)
    forced = not fired and at_the_latest(point, config)
    return (target, forced) if fired or forced else (None, False)


def watch(point: MeasuringPoint, config: PruneConfig) -> None:
    """Let a criterion that compares measuring points see this one too, though nothing is due."""
    if METHODS[config.method].granularity == "neuron":
        criterion = CRITERIA[config.criterion](config)
        if getattr(criterion, "remembers", False):
            score_units(point, config)


def reached(model: nn.Module, config: PruneConfig, target: float) -> bool:
    """Whether a hard method has masked what it wants for now, so that nothing need be scored."""
    method = METHODS[config.method]
    if method.aim != "target" or config.schedule in SOFT or config.regrow in RANKINGS:
        return False
    weights = method.granularity == "weight"
    masked, pool = weight_sparsity(model) if weights else sparsity(model, config.sites)
    return 0 < whole(target, pool) <= masked


def mask_lowest(
    point: MeasuringPoint, config: PruneConfig, target: float
) -> tuple[Units, set[str]]:
    """Mask by score, in one round or several; return the units masked and where floors bound."""
    found: dict[str, list[Tensor]] = {}
    floored: list[str] = []
    for part in ROUNDS[METHODS[config.method].in_rounds](target):
        keep, scores, floored = choose(point, config, part)
        for group, index in apply(point, config, keep, scores).items():
            found.setdefault(group, []).append(index)
        point.forget()
    weights = METHODS[config.method].granularity == "weight"
    return (
        {group: torch.cat(parts) for group, parts in found.items()},
        {layer_path(group) if weights else group for group in floored},
    )


def apply(point: MeasuringPoint, config: PruneConfig, keep: Keep, scores: Scores) -> Units:
    """Mask, hard or soft, what is not kept; return the units newly masked."""
    soft, units = config.schedule in SOFT, {}
    layers, groups = maskable_layers(point.model), prunable_groups(point.model)
    for group, score in scores.items():
        new = ~keep[group] & (score > -torch.inf)
        if not bool(new.any()):
            continue
        if METHODS[config.method].granularity == "weight":
            if soft:
                soften_weights(point.model, group, ~new)
            else:
                mask_weights(point.model, point.optimizer, group, ~new)
            continue
        units[group] = new[layers[groups[group][0]].origin].nonzero().flatten()
        if soft:
            soften_units(point.model, group, units[group])
        else:
            mask_units(point.model, point.optimizer, group, units[group])
    return units


def regrow(point: MeasuringPoint, config: PruneConfig, masked: Units) -> Units:
    """Let weights or units come back, as the method says; return the units that did."""
    if not 0 < point.moment.progress <= config.regrow_end:
        return {}
    if config.regrow in RANKINGS:
        return reactivate(point, config, masked)
    if config.regrow in EXCHANGES:
        EXCHANGES[config.regrow](point, config)
        point.forget()
    return {}


def sparsity(model: nn.Module, sites: str) -> tuple[int, int]:
    """Return (masked or removed, all) prunable units of the network."""
    layers = maskable_layers(model)
    firsts = [layers[paths[0]] for paths in prunable_groups(model, sites).values()]
    units = sum(layer.dense for layer in firsts)
    return units - sum(int(layer.keep.sum()) for layer in firsts), units
