"""Allocation: where the sparsity goes. Scores in, keep masks out; True means keep.

All take the scores of every group, -inf where a unit is masked already, the target sparsity over
the whole pool, and per group the least number of units to keep. Ties go by index.
"""

from collections.abc import Callable
from math import floor

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Scores = dict[str, Float[Tensor, "_"]]
Keep = dict[str, Bool[Tensor, "_"]]
Allocate = Callable[[Scores, float, dict[str, int]], Keep]


def layerwise(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask the same fraction of every group; floor(sparsity * n) of the pool in all.

    What the rounding of the groups leaves over goes to the largest remainders, in order.
    """
    counts = {group: whole(sparsity, len(score)) for group, score in scores.items()}
    total = whole(sparsity, sum(len(score) for score in scores.values()))
    by_remainder = sorted(scores, key=lambda group: counts[group] - sparsity * len(scores[group]))
    for group in by_remainder[: total - sum(counts.values())]:
        counts[group] += 1
    return {
        group: lowest_masked(score, min(counts[group], len(score) - floors[group]))
        for group, score in scores.items()
    }


def network(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask the floor(sparsity * n) lowest scores of the pool, each relative to its group's mean.

    The highest `floors` scores of every group are never masked.
    """
    comparable = {group: relative_to_mean(score) for group, score in scores.items()}
    for group, score in comparable.items():
        best = score.sort(stable=True).indices[len(score) - floors[group] :]
        score[best] = torch.inf
    pool = torch.cat(list(comparable.values()))
    count = whole(sparsity, len(pool))
    keep = lowest_masked(pool, min(count, int((pool < torch.inf).sum())))
    split = keep.split([len(score) for score in comparable.values()])
    return dict(zip(comparable, split, strict=True))


def threshold(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask every unit with a score <= 0, whatever `sparsity` says: it is an outcome."""
    return {
        group: lowest_masked(score, min(int((score <= 0).sum()), len(score) - floors[group]))
        for group, score in scores.items()
    }


def whole(sparsity: float, count: int) -> int:
    """Return floor(sparsity * count) of the decimal meant: 0.7 of 90 is 63, not 62.999..."""
    return floor(sparsity * count + 1e-9)


def relative_to_mean(score: Float[Tensor, "f"]) -> Float[Tensor, "f"]:
    """Return a copy over the mean of its finite entries; unscaled where that is 0."""
    finite = score[score > -torch.inf]
    mean = finite.mean() if len(finite) else torch.tensor(0.0)
    return score / mean if mean > 0 else score.clone()


def lowest_masked(score: Float[Tensor, "f"], count: int) -> Bool[Tensor, "f"]:
    """Return a mask that is False at the `count` lowest scores; ties go to the lower index."""
    keep = torch.ones(len(score), dtype=torch.bool, device=score.device)
    keep[score.sort(stable=True).indices[: max(count, 0)]] = False
    return keep


ALLOCATIONS: dict[str, Allocate] = {
    "layerwise": layerwise,
    "network": network,
    "threshold": threshold,
}
