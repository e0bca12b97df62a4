"""One pruning step: score -> allocate -> mask."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config import PruneConfig
from nvp.neurons import maskable_layers, neuron_layers, prunable_groups
from nvp.pruning.allocate import ALLOCATIONS
from nvp.pruning.evidence import Evidence
from nvp.pruning.mask import mask_units, soften_units
from nvp.pruning.methods import CRITERIA
from nvp.pruning.schedule import SCHEDULES
from nvp.vitality import Observation, weight_norms

IdleTest = Callable[[], dict[str, Tensor]]


@dataclass(frozen=True)
class Pruned:
    """What one step did: the newly masked units by group, the target, and binding floors."""

    masked: dict[str, Int64[Tensor, "_"]]
    target: float | None
    floored: tuple[str, ...] = ()


def prune(
    model: nn.Module,
    optimizer: Optimizer,
    observation: Observation,
    config: PruneConfig,
    *,
    progress: float,
    idle: dict[str, Tensor],
    confirm: IdleTest,
    rng: torch.Generator,
) -> Pruned:
    """Mask what the method asks for at this measuring point. Changes `model` and `optimizer`.

    Args:
        model: built of `NeuronLayer`.
        optimizer: its optimizer; moments of masked weights are zeroed.
        observation: this measuring point's.
        config: resolved (`methods.resolve`).
        progress: fraction of training done.
        idle: per layer, for how many measuring points in a row each neuron was dead or dormant.
        confirm: per layer, which are dead or dormant over the whole training set.
        rng: stream of random scores.
    """
    target = SCHEDULES[config.schedule](config, progress)
    if target is None:
        return Pruned({}, None)
    scores = score(model, observation, config, idle=idle, confirm=confirm, rng=rng)
    floors = {g: min(len(s), max(1, ceil(config.floor * len(s)))) for g, s in scores.items()}
    keep = ALLOCATIONS[config.allocation](scores, target, floors)
    masked: dict[str, Tensor] = {}
    for group, score_ in scores.items():
        index = (~keep[group] & (score_ > -torch.inf)).nonzero().flatten()
        if len(index):
            masked[group] = index
            if config.schedule == "soft":
                soften_units(model, group, index)
            else:
                mask_units(model, optimizer, group, index)
    free = ALLOCATIONS[config.allocation](scores, target, dict.fromkeys(floors, 0))
    floored = tuple(group for group in keep if int(keep[group].sum()) > int(free[group].sum()))
    return Pruned(masked, None if config.allocation == "threshold" else target, floored)


def score(
    model: nn.Module,
    observation: Observation,
    config: PruneConfig,
    *,
    idle: dict[str, Tensor],
    confirm: IdleTest,
    rng: torch.Generator,
) -> dict[str, Float[Tensor, "_"]]:
    """Return the score of every prunable unit; -inf where masked. A group's is its layers' mean."""
    criterion = CRITERIA[config.criterion](config)
    layers = neuron_layers(model)
    scores = {}
    for group, paths in prunable_groups(model, config.sites).items():
        watched = [path for path in paths if path in layers]
        keep = layers[watched[0]].keep
        total = torch.full(keep.shape, -torch.inf, device=keep.device)
        if bool(keep.any()):
            each = [
                criterion(
                    Evidence(
                        weight=layers[path].weight.detach()[keep],
                        norms=weight_norms(layers[path], kind=config.weight_norm)[keep],
                        activity=observation.layers[path].select(keep),
                        idle=idle[path][keep],
                        confirmed=lambda path=path, keep=keep: confirm()[path][keep],
                        rng=rng,
                    )
                )
                for path in watched
            ]
            total[keep] = torch.stack(each).mean(0).to(total.dtype)
        scores[group] = total
    return scores


def sparsity(model: nn.Module, sites: str) -> tuple[int, int]:
    """Return (masked, all) prunable units of the network."""
    layers = maskable_layers(model)
    keeps = [layers[paths[0]].keep for paths in prunable_groups(model, sites).values()]
    return sum(int((~keep).sum()) for keep in keeps), sum(len(keep) for keep in keeps)
