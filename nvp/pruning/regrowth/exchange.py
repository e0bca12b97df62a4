"""Regrowth of weights: drop some, grow as many, at every measuring point until `regrow_end`.

Sources: Evci et al., "Rigging the lottery", 2020 (rigl); Mocanu et al., "Scalable training of
artificial neural networks with adaptive sparse connectivity", 2018 (set).
Differs: both exchange at measuring points (an epoch), rigl not every 100 steps; `set` stops at
`regrow_end` too.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.config.trial_config import PruneConfig
from nvp.network.weight_masks import grow_weights, mask_weights, parameter_masks, prunable_weights
from nvp.pruning.measuring_point import MeasuringPoint


def compute_exchanged_fraction(config: PruneConfig, progress: float) -> float:
    """Return the fraction to exchange: half `regrow_fraction` times a cosine from 2 to 0."""
    return config.regrow_fraction / 2 * (1 + math.cos(math.pi * progress / config.regrow_end))


def exchange_by_gradient(point: MeasuringPoint, config: PruneConfig) -> None:
    """Drop the smallest weights of each layer, grow those with the largest dense gradient."""
    gradients = point.network.gradients
    for name, live in copy_weight_masks(point).items():
        weight = point.model.get_parameter(name).detach()
        count = int(compute_exchanged_fraction(config, point.moment.progress) * int(live.sum()))
        drop = mark_highest(-weight.abs().masked_fill(~live, torch.inf), count)
        candidates = ~live | drop
        grow = mark_highest(gradients[name].abs().masked_fill(~candidates, -torch.inf), count)
        exchange_weights(point, name, drop, grow, torch.zeros_like(weight))


def exchange_by_chance(point: MeasuringPoint, config: PruneConfig) -> None:
    """Drop the smallest positive and the largest negative weights, grow as many at random.

    What grows starts as a linear layer's weights do: uniform within 1 / sqrt(fan-in).
    """
    for name, live in copy_weight_masks(point).items():
        weight = point.model.get_parameter(name).detach()
        drop = torch.zeros_like(live)
        for side in (weight, -weight):
            chosen = live & (side > 0)
            count = int(config.regrow_fraction * int(chosen.sum()))
            drop |= mark_highest(-side.masked_fill(~chosen, torch.inf), count)
        luck = torch.rand(weight.shape, generator=point.regrow).to(weight)
        grow = mark_highest(luck.masked_fill(live, -1.0), min(int(drop.sum()), int((~live).sum())))
        drop = mark_highest(-weight.abs().masked_fill(~drop, torch.inf), int(grow.sum()))
        bound = 1 / math.sqrt(weight[0].numel())
        fresh = torch.rand(weight.shape, generator=point.regrow).to(weight) * 2 * bound - bound
        exchange_weights(point, name, drop, grow, fresh)


def copy_weight_masks(point: MeasuringPoint) -> dict[str, Bool[Tensor, "..."]]:
    """Return {name: True where kept} of the weights that have a mask."""
    masks, weights = parameter_masks(point.model), prunable_weights(point.model)
    return {name: masks[name].clone() for name in weights if name in masks}


def mark_highest(score: Float[Tensor, "..."], count: int) -> Bool[Tensor, "..."]:
    """True at the `count` highest scores; ties go to the lower index."""
    chosen = torch.zeros(score.numel(), dtype=torch.bool, device=score.device)
    chosen[score.flatten().sort(descending=True, stable=True).indices[:count]] = True
    return chosen.view_as(score)


def exchange_weights(
    point: MeasuringPoint,
    name: str,
    drop: Bool[Tensor, "..."],
    grow: Bool[Tensor, "..."],
    values: Tensor,
) -> None:
    """Mask the weights `drop` and let the weights `grow` live from `values`."""
    mask_weights(point.model, point.optimizer, name, ~drop)
    grow_weights(point.model, name, grow, values)


EXCHANGES: dict[str, Callable[[MeasuringPoint, PruneConfig], None]] = {
    "rigl": exchange_by_gradient,
    "set": exchange_by_chance,
}
