"""Accuracy against savings: sparsity at equal accuracy, Pareto front, costs of a trial. Pure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nvp.question.question import METHOD, NONE

Number = float | np.floating
COSTS = ("sparsity", "weight_sparsity", "flops_ratio", "step_ratio")
SAVINGS = ("sparsity", "weight_sparsity")  # of these more is better, of the others less


def add_costs(trials: pd.DataFrame) -> pd.DataFrame:
    """Return `trials` with FLOPs and seconds of a step, each over those of the dense network.

    1 for a trial that masked nothing; null where a step was not timed.
    """
    steps = trials["step_seconds"] / trials["dense_step_seconds"]
    dense = (trials["masked_units"] == 0) & (trials["masked_weights"] == 0)
    return trials.assign(
        flops_ratio=trials["flops_left"] / trials["flops"],
        step_ratio=steps.astype(float).where(~dense, 1.0),
    )


def find_equal_accuracy(
    trials: pd.DataFrame, by: Sequence[str], *, cost: str = "sparsity", tolerance: float = 0.01
) -> pd.DataFrame:
    """One row per (`by`, method, seed): the largest saving at which accuracy is still kept.

    Kept: the test accuracy is at most `tolerance` below that of the unpruned trials of the same
    level of `by` and the same seed (of all seeds, where the seed has none). Along the seed's own
    trials, by saving, from the unpruned ones at 0; between two of them by a straight line, up to
    the first crossing. `beyond` is True where accuracy was kept to the last one, so that the saving
    is a lower bound. Null without an unpruned trial.
    """
    parts = []
    for level, rows in trials.groupby(list(by), observed=True) if by else [((), trials)]:
        unpruned = rows[rows[METHOD] == NONE]
        starts = unpruned.groupby("seed")["test_accuracy"].mean()
        for (method, seed), own in rows[rows[METHOD] != NONE].groupby([METHOD, "seed"]):
            points = own.groupby(cost)["test_accuracy"].mean()
            start = starts.get(seed, unpruned["test_accuracy"].mean())
            least = start - tolerance
            found, beyond = find_crossing([0.0, *points.index], [start, *points], least)
            keys = dict(zip(by, level, strict=True))
            row = {METHOD: method, "seed": seed, "saving": found, "beyond": beyond}
            parts.append(keys | row | {"tolerance": tolerance, "least": least})
    columns = [*by, METHOD, "seed", "saving", "beyond", "tolerance", "least"]
    return pd.DataFrame(parts, columns=columns)


def find_crossing(
    savings: Sequence[Number], accuracies: Sequence[Number], least: Number
) -> tuple[float, bool]:
    """Return up to which saving accuracy is at least `least`, and whether it is so to the last."""
    if not np.isfinite(least):
        return np.nan, False
    x, y = np.asarray(savings, dtype=float), np.asarray(accuracies, dtype=float)
    below = np.flatnonzero(~(y >= least))
    if not len(below):
        return float(x[-1]), True
    last = below[0]
    if last == 0:
        return 0.0, False
    share = (y[last - 1] - least) / (y[last - 1] - y[last])
    return float(x[last - 1] + share * (x[last] - x[last - 1])), False


def mark_front(costs: pd.Series, accuracies: pd.Series, *, more: bool) -> pd.Series:
    """Return which points no other one beats: in neither worse and in one better.

    `more`: whether more of the cost is better, as of a sparsity.
    """
    x = costs.to_numpy(dtype=float) * (1 if more else -1)
    y = accuracies.to_numpy(dtype=float)
    at_least = (x[:, None] <= x) & (y[:, None] <= y)
    better = (x[:, None] < x) | (y[:, None] < y)
    known = np.isfinite(x) & np.isfinite(y)
    return pd.Series(known & ~(at_least & better).any(axis=1), index=costs.index)
