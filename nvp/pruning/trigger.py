"""Triggers: pruning waits until the network says that it is time.

Sources: Rachwan et al., "Winning the lottery ahead of time", 2022 (EarlyCroP); You et al.,
"Drawing early-bird tickets", 2020.
"""

from collections.abc import Callable

import torch

from nvp.config.trial_config import PruneConfig
from nvp.network.dense_index import places
from nvp.network.weight_masks import prunable_weights
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.scoring import choose

QUEUE, NEAR = 5, 0.1


def now(point: MeasuringPoint, config: PruneConfig, granularity: str) -> bool:
    """True always: wait for nothing."""
    return True


def at_the_latest(point: MeasuringPoint, config: PruneConfig) -> bool:
    """True from `prune.end` on: pruning comes then, whether a trigger fired or not."""
    return point.moment.progress >= config.end


def settled(point: MeasuringPoint, config: PruneConfig, granularity: str) -> bool:
    """True once the weights' distance from the start changes little between measuring points.

    With d = ||w - w0|| / ||w0||, and d1 at the first point after the start: when the change of d is
    below d1 * (1 - sparsity), or d1 * min(0.9 - sparsity, 0.99) for neurons. That limit is negative
    beyond a sparsity of 0.9, and then it is never true.
    """
    dense = places(point.model)
    found = prunable_weights(point.model).items()
    weights = torch.cat([dense[name].expand(weight.detach()).flatten() for name, weight in found])
    initial = point.memory.setdefault("initial_weights", weights.clone())
    drift = (weights - initial).norm() / initial.norm()
    history = torch.cat([point.memory.get("drift", weights.new_zeros(0)), drift.view(1)])
    point.memory["drift"] = history
    if len(history) < 3:
        return False
    share = 1 - config.sparsity
    if granularity == "neuron":
        share = min(share - 0.1, 0.99)
    return abs(float(history[-1] - history[-2])) < float(history[1]) * share


def stable_mask(point: MeasuringPoint, config: PruneConfig, granularity: str) -> bool:
    """True once the masks of five measuring points in a row differ in less than 10 % of units."""
    if point.moment.progress == 0:
        return False
    keep, _, _ = choose(point, config, config.sparsity)
    flat = torch.cat([mask.flatten() for mask in keep.values()])
    queue = torch.cat([point.memory.get("ticket", flat.new_zeros(0, len(flat))), flat.view(1, -1)])
    point.memory["ticket"] = queue[-QUEUE:]
    apart = (queue[-QUEUE:, None] != queue[None, -QUEUE:]).double().mean(2)
    return len(queue) >= QUEUE and float(apart.max()) < NEAR


TRIGGERS: dict[str, Callable[[MeasuringPoint, PruneConfig, str], bool]] = {
    "": now,
    "settled": settled,
    "stable_mask": stable_mask,
}
