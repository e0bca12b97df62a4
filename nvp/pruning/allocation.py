"""Allocation: where the sparsity goes. Scores in, keep masks out; True means keep.

All take the scores of every group (of neurons, or a weight), -inf where masked already, the target
sparsity over the whole pool, and per group the least number to keep. Ties go by index.
"""

from collections.abc import Callable
from functools import partial
from math import floor
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.config.dotted_names import find_named
from nvp.config.registry import shorten_text
from nvp.config.trial_config import PruneConfig
from nvp.pruning.own import adapt_part

Scores = dict[str, Float[Tensor, "..."]]
Keep = dict[str, Bool[Tensor, "..."]]
Allocate = Callable[[Scores, float, dict[str, int]], Keep]


def layerwise(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask the same fraction of every group; floor(sparsity * n) of the pool in all."""
    shares = {group: sparsity * score.numel() for group, score in scores.items()}
    return mask_shares(scores, shares, sparsity, floors)


def erk(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Give small weights a larger density (Erdos-Renyi kernel), floor(sparsity * n) in all.

    Source: Evci et al., "Rigging the lottery", 2020, after Mocanu et al., 2018.
    """
    density = kernel_densities({g: score.shape for g, score in scores.items()}, 1 - sparsity)
    shares = {group: (1 - density[group]) * score.numel() for group, score in scores.items()}
    return mask_shares(scores, shares, sparsity, floors)


def er(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """As `erk`, with the numbers of inputs and neurons alone (Erdos-Renyi; Mocanu et al., 2018)."""
    density = kernel_densities({g: score.shape for g, score in scores.items()}, 1 - sparsity, 2)
    shares = {group: (1 - density[group]) * score.numel() for group, score in scores.items()}
    return mask_shares(scores, shares, sparsity, floors)


def network(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask the floor(sparsity * n) lowest scores of the pool, each relative to its group's mean."""
    comparable = {group: relative_to_mean(score) for group, score in scores.items()}
    return network_raw(comparable, sparsity, floors)


def network_raw(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask the floor(sparsity * n) lowest scores of the pool, as they are.

    The highest `floors` scores of every group are never masked.
    """
    flat = {group: score.flatten().clone() for group, score in scores.items()}
    for group, score in flat.items() if any(floors.values()) else ():
        score[score.sort(stable=True).indices[len(score) - floors[group] :]] = torch.inf
    pool = torch.cat(list(flat.values()))
    count = whole(sparsity, len(pool))
    keep = lowest_masked(pool, min(count, int((pool < torch.inf).sum())))
    split = keep.split([len(score) for score in flat.values()])
    return {g: part.view_as(scores[g]) for g, part in zip(flat, split, strict=True)}


def threshold(scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
    """Mask all with a score <= 0, whatever `sparsity` says: it is an outcome."""
    return {
        group: lowest_masked(score, min(int((score <= 0).sum()), score.numel() - floors[group]))
        for group, score in scores.items()
    }


def mask_shares(
    scores: Scores, shares: dict[str, float], sparsity: float, floors: dict[str, int]
) -> Keep:
    """Mask about `shares` of each group, floor(sparsity * n) of the pool in all.

    What the rounding leaves over goes to the largest remainders, in order.
    """
    counts = {group: floor(share + 1e-9) for group, share in shares.items()}
    total = whole(sparsity, sum(score.numel() for score in scores.values()))
    by_remainder = sorted(scores, key=lambda group: counts[group] - shares[group])
    for group in by_remainder[: max(total - sum(counts.values()), 0)]:
        counts[group] += 1
    return {
        group: lowest_masked(score, min(counts[group], score.numel() - floors[group]))
        for group, score in scores.items()
    }


def kernel_densities(
    shapes: dict[str, torch.Size], density: float, dims: int | None = None
) -> dict[str, float]:
    """Return the density of each weight, in [0, 1], with `density` over all of them.

    It is proportional to the sum of the first `dims` dimensions (None: all) over their product.
    """
    size = {name: shape.numel() for name, shape in shapes.items()}
    raw = {name: sum(s[:dims]) / s[:dims].numel() for name, s in shapes.items()}
    dense: set[str] = set()
    while True:
        remaining = density * sum(size.values()) - sum(size[name] for name in dense)
        scale = remaining / sum(raw[name] * size[name] for name in shapes if name not in dense)
        full = {name for name in shapes if name not in dense and scale * raw[name] > 1}
        if not full:
            return {name: 1.0 if name in dense else scale * raw[name] for name in shapes}
        dense |= full


def whole(sparsity: float, count: int) -> int:
    """Return floor(sparsity * count) of the decimal meant: 0.7 of 90 is 63, not 62.999..."""
    return floor(sparsity * count + 1e-9)


def relative_to_mean(score: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return a copy over the mean of its finite entries; unscaled where that is 0."""
    finite = score[score > -torch.inf]
    mean = finite.mean() if len(finite) else torch.tensor(0.0)
    return score / mean if mean > 0 else score.clone()


def lowest_masked(score: Float[Tensor, "..."], count: int) -> Bool[Tensor, "..."]:
    """Return a mask that is False at the `count` lowest scores; ties go to the lower index."""
    keep = torch.ones(score.numel(), dtype=torch.bool, device=score.device)
    keep[score.flatten().sort(stable=True).indices[: max(count, 0)]] = False
    return keep.view_as(score)


ALLOCATIONS: dict[str, Allocate] = {
    "layerwise": layerwise,
    "er": er,
    "erk": erk,
    "network": network,
    "network_raw": network_raw,
    "threshold": threshold,
}


def find_allocation(name: str) -> Callable[[PruneConfig, Scores, float, dict[str, int]], Keep]:
    """Return the allocation of a name, ours or a user's; ValueError for none."""
    ours = {each: partial(allocate_by, allocate) for each, allocate in ALLOCATIONS.items()}
    found = find_named("prune.allocation", name, ours, adapt_part)
    return found if name in ours else partial(allocate_checked, name, found)


def allocate_by(
    allocate: Allocate,
    config: PruneConfig,
    scores: Scores,
    sparsity: float,
    floors: dict[str, int],
) -> Keep:
    """Return what one of ours keeps; none reads the configuration."""
    return allocate(scores, sparsity, floors)


def allocate_checked(
    name: str,
    allocate: Callable[..., Any],
    config: PruneConfig,
    scores: Scores,
    sparsity: float,
    floors: dict[str, int],
) -> Keep:
    """Return what a user's allocation keeps; ValueError where that is no mask of each group."""
    keep = allocate(config, scores, sparsity, floors)
    shapes = {group: score.shape for group, score in scores.items()}
    found = {
        group: mask.shape
        for group, mask in (keep.items() if isinstance(keep, dict) else ())
        if isinstance(mask, Tensor) and mask.dtype == torch.bool
    }
    if found != shapes:
        raise ValueError(
            f"prune.allocation: expected {name} to return {{group: bool mask of the shape of its "
            f"scores}} for {', '.join(list(shapes)[:3])}..., got {shorten_text(repr(keep))}"
        )
    return {group: keep[group] & (scores[group] > -torch.inf) for group in scores}
