"""Overlap of rankings: would two criteria mask the same, and do they order all alike?

Jaccard index of what they would mask, |A and B| / |A or B|, in [0, 1]; Kendall's tau-b of the
scores of a layer's kept units (ties count for neither order), in [-1, 1], averaged over layers.
"""

from itertools import combinations
from typing import Any

import torch
from jaxtyping import Bool, Float
from scipy.stats import kendalltau
from torch import Tensor

from nvp.config.trial_config import PruneConfig
from nvp.pruning.allocation import Scores
from nvp.pruning.rankings import Ranking, predict_masked

MOST = 5_000  # entries of a group that tau looks at: the same ones always, for every criterion
Masked = dict[str, Bool[Tensor, "..."]]


def compare_rankings(
    rankings: list[Ranking], config: PruneConfig, sparsity: float
) -> list[dict[str, Any]]:
    """Return a row for each pair: criterion_a, criterion_b, granularity, jaccard, kendall.

    Args:
        rankings: of one granularity and one measuring point.
        config: of the trial, for its floor.
        sparsity: over the whole pool, what is masked already included.
    """
    masked = {ranking.criterion: predict_masked(ranking, config, sparsity) for ranking in rankings}
    return [
        {
            "criterion_a": a.criterion,
            "criterion_b": b.criterion,
            "granularity": a.granularity,
            "jaccard": jaccard(masked[a.criterion], masked[b.criterion]),
            "kendall": kendall(a.scores, b.scores),
        }
        for a, b in combinations(rankings, 2)
    ]


def jaccard(one: Masked, other: Masked) -> float | None:
    """Return |A and B| / |A or B| over all groups; None where both are empty."""
    both = sum(int((one[group] & other[group]).sum()) for group in one)
    either = sum(int((one[group] | other[group]).sum()) for group in one)
    return both / either if either else None


def kendall(one: Scores, other: Scores) -> float | None:
    """Return the mean over groups of tau-b of the kept units; None where no group has one.

    A group has none when a criterion gives all of its units the same score. Of a group of more
    than `MOST` units a fixed random sample of so many counts.
    """
    taus = [tau_b(one[group], other[group]) for group in one]
    found = [tau for tau in taus if tau is not None]
    return sum(found) / len(found) if found else None


def tau_b(one: Float[Tensor, "..."], other: Float[Tensor, "..."]) -> float | None:
    """Return Kendall's tau-b of the kept units of a group, None where one side is constant."""
    kept = (one.flatten() > -torch.inf).nonzero().flatten().cpu()
    if len(kept) > MOST:
        kept = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(0))[:MOST]]
    a, b = one.flatten().cpu()[kept], other.flatten().cpu()[kept]
    if not (bool((a != a[:1]).any()) and bool((b != b[:1]).any())):
        return None
    found: Any = kendalltau(a.numpy(), b.numpy())
    return float(found.statistic)


def by_index(ranking: Ranking, masked: Masked) -> float | None:
    """Return the fraction of `masked` whose score a kept unit of its group has as well.

    Of those only the index decides. It is large for a criterion that gives 0 or 1, such as `dead`:
    it names few, and a sparsity beyond them is none of its doing. None where nothing is masked.
    """
    ties, total = 0, 0
    for group, score in ranking.scores.items():
        kept = score[~masked[group] & (score > -torch.inf)]
        gone = score[masked[group]]
        ties += int(torch.isin(gone, kept).sum())
        total += len(gone)
    return ties / total if total else None
