"""Triggers: conditions of the network that pruning waits for.

Sources: Rachwan et al., "Winning the lottery ahead of time", 2022 (EarlyCroP); You et al.,
"Drawing early-bird tickets", 2020.
"""

from collections.abc import Callable

import torch

from nvp.network.dense_index import dense_indices
from nvp.network.weight_masks import prunable_weights
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.plan import PruningPlan
from nvp.pruning.scoring import choose_kept

NUM_MASKS, MOST_APART = 5, 0.1  # masks that are compared; the fraction in which they may differ


def wait_for_nothing(point: MeasuringPoint, plan: PruningPlan) -> bool:
    """True always: wait for nothing."""
    return True


def is_latest_point(point: MeasuringPoint, plan: PruningPlan) -> bool:
    """True from `prune.end` on: pruning comes then, whether a trigger fired or not."""
    return point.moment.progress >= plan.config.end


def have_weights_settled(point: MeasuringPoint, plan: PruningPlan) -> bool:
    """True once the weights' distance from the start changes little between measuring points.

    With d = ||w - w0|| / ||w0||, and d1 at the first point after the start: when the change of d is
    below d1 * (1 - sparsity), or d1 * min(0.9 - sparsity, 0.99) for neurons. That limit is negative
    beyond a sparsity of 0.9, and then it is never true.
    """
    dense = dense_indices(point.model)
    found = prunable_weights(point.model).items()
    weights = torch.cat([dense[name].expand(weight.detach()).flatten() for name, weight in found])
    initial = point.memory.setdefault("initial_weights", weights.clone())
    drift = (weights - initial).norm() / initial.norm()
    history = torch.cat([point.memory.get("drift", weights.new_zeros(0)), drift.view(1)])
    point.memory["drift"] = history
    if len(history) < 3:
        return False
    share = 1 - plan.config.sparsity
    if plan.granularity == "neuron":
        share = min(share - 0.1, 0.99)
    return abs(float(history[-1] - history[-2])) < float(history[1]) * share


def is_mask_stable(point: MeasuringPoint, plan: PruningPlan) -> bool:
    """True once the masks of five measuring points in a row differ in less than 10 % of units."""
    if point.moment.progress == 0:
        return False
    keep, _ = choose_kept(point, plan, plan.config.sparsity)
    flat = torch.cat([mask.flatten() for mask in keep.values()])
    queue = torch.cat([point.memory.get("ticket", flat.new_zeros(0, len(flat))), flat.view(1, -1)])
    point.memory["ticket"] = queue[-NUM_MASKS:]
    apart = (queue[-NUM_MASKS:, None] != queue[None, -NUM_MASKS:]).double().mean(2)
    return len(queue) >= NUM_MASKS and float(apart.max()) < MOST_APART


TRIGGERS: dict[str, Callable[[MeasuringPoint, PruningPlan], bool]] = {
    "": wait_for_nothing,
    "settled": have_weights_settled,
    "stable_mask": is_mask_stable,
}
# The settings of `prune.*` that a trigger reads; each prunes at `end` at the latest.
SETTINGS_OF_TRIGGERS: dict[str, tuple[str, ...]] = {
    "settled": ("sparsity", "end"),
    "stable_mask": ("sparsity", "end"),
}
