"""The order of configurations by one objective or several, and the best so far. Pure.

Everywhere here `values` have a row per configuration and a column per objective, and `signs` is 1
for an objective of which more is better, -1 for one of which less is.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

Signs = Mapping[str, int]


def orient(values: pd.DataFrame, signs: Signs) -> pd.DataFrame:
    """Return the objectives with signs such that more is better in each of them."""
    return values[list(signs)].astype(float) * pd.Series(signs)


def find_front(values: pd.DataFrame, signs: Signs) -> pd.Series:
    """Return which configurations no other one beats: in no objective worse, in one better.

    Equal ones do not beat each other. One without a value of an objective is not on the front.
    """
    points = orient(values, signs).to_numpy()
    known = np.isfinite(points).all(axis=1)
    rivals = points[known]
    beaten = [((p <= rivals).all(axis=1) & (p < rivals).any(axis=1)).any() for p in points]
    return pd.Series(known & ~np.array(beaten, dtype=bool), index=values.index)


def sort_configurations(values: pd.DataFrame, signs: Signs) -> list[int]:
    """Return the configurations, best first: by their value, equal ones in the order of asking.

    Of several objectives the first one orders them, those on the front before all others. A
    configuration without a value of an objective is left out.
    """
    known = values.dropna(subset=list(signs))
    first = next(iter(signs))
    order = pd.DataFrame({"front": ~find_front(known, signs), "at": -orient(known, signs)[first]})
    by = ["front", "at"] if len(signs) > 1 else ["at"]
    return order.sort_values(by, kind="stable").index.tolist()


def find_best_so_far(values: pd.Series, sign: int) -> pd.Series:
    """Return the best value up to each configuration, in the order of `values`."""
    return values.cummax() if sign > 0 else values.cummin()


def trace_front(x: pd.Series, y: pd.Series, signs: tuple[int, int]) -> tuple[list, list]:
    """Return the corners of the staircase that joins the points of a front of two objectives.

    Between two neighbours it goes through what both of them beat: the worse value of each.
    """
    points = sorted(set(zip(x, y, strict=True)))
    path = points[:1]
    for last, point in zip(points, points[1:], strict=False):
        corner = [
            min(pair) if sign > 0 else max(pair)
            for pair, sign in zip(zip(last, point, strict=True), signs, strict=True)
        ]
        path += [(corner[0], corner[1]), point]
    return [one for one, _ in path], [other for _, other in path]
