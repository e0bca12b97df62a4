"""Functional ANOVA of a forest (Hutter et al. 2014): main effects alone. Pure.

What `optuna.importance.FanovaImportanceEvaluator` says of whole numbers from 0 on, by arithmetic
over all leaves at once: to walk each tree for each key takes five times as long.
"""

import numpy as np
from sklearn.ensemble import RandomForestRegressor


def fanova(x: np.ndarray, y: np.ndarray, *, trees: int) -> np.ndarray:
    """Return of each column of `x` the share of a forest's variance that is the column's alone.

    The variance is over the box from 0 to the largest value of each column, at least 1, every
    point of it as likely. The mean over the trees that have any; 0 where none has.
    """
    forest = RandomForestRegressor(trees, max_depth=64, random_state=0).fit(x, y)
    ends = np.maximum(x.max(axis=0), 1).astype(float)
    shares = [shares_of(one.tree_, ends) for one in forest.estimators_]
    known = [share for share in shares if share is not None]
    return np.mean(known, axis=0) if known else np.zeros(x.shape[1])


def shares_of(tree, ends: np.ndarray) -> np.ndarray | None:
    """Return the shares of the variance of one tree, None when it has no variance."""
    low, high = boxes(tree, ends)
    leaves = tree.children_left < 0
    low, high, values = low[leaves], high[leaves], tree.value[leaves, 0, 0]
    volume = (high - low).prod(axis=1)
    whole = variance(values, volume)
    if not whole > 0:
        return None
    parts = np.zeros(len(ends))
    for i, (start, stop) in enumerate(zip(low.T, high.T, strict=True)):
        edges = np.unique([*start, *stop])
        middle = (edges[1:] + edges[:-1]) / 2
        inside = (start < middle[:, None]) & (middle[:, None] < stop)
        weights = inside * (volume / (stop - start))
        parts[i] = variance(weights @ values / weights.sum(axis=1), np.diff(edges))
    return parts / whole


def boxes(tree, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and the upper corner of every node, nodes x columns; parents come first."""
    low = np.zeros((tree.node_count, len(ends)))
    high = np.tile(ends, (tree.node_count, 1))
    level = np.array([0])
    while len(level := level[tree.children_left[level] >= 0]):
        left, right = tree.children_left[level], tree.children_right[level]
        low[left] = low[right] = low[level]
        high[left] = high[right] = high[level]
        high[left, tree.feature[level]] = tree.threshold[level]
        low[right, tree.feature[level]] = tree.threshold[level]
        level = np.concatenate([left, right])
    return low, high


def variance(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted variance."""
    mean = np.average(values, weights=weights)
    return float(np.average((values - mean) ** 2, weights=weights))
