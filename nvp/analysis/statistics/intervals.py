"""Intervals over seeds, and paired differences. Pure.

Seeds are the replicates: rows of one cell and one seed are averaged first, so n counts seeds. An
interval is the 95 % t-interval of the mean; null with one seed, of zero width when all are equal,
and never clipped here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

LEVEL = 0.95
ALIKE = 1e-6  # tables hold float32: closer than this, relative to the values, is equal


def seed_interval(frame: pd.DataFrame, value: str, by: Sequence[str]) -> pd.DataFrame:
    """One row per `by`: n (seeds with a value), mean, low and high of `value`."""
    cells = frame.dropna(subset=[value]).groupby([*by, "seed"], observed=True)[value].mean()
    grouped = cells.groupby(list(by), observed=True)
    rows = grouped.agg(n="count", mean="mean", spread="std", least="min", most="max")
    alike = rows["most"] - rows["least"] <= ALIKE * rows[["least", "most"]].abs().max(axis=1)
    spread = rows["spread"].mask(alike, rows["spread"] * 0.0)
    half = student.ppf((1 + LEVEL) / 2, rows["n"] - 1) * spread / np.sqrt(rows["n"])
    rows = rows.assign(low=rows["mean"] - half, high=rows["mean"] + half)
    return rows[["n", "mean", "low", "high"]].reset_index()


def with_interval(frame: pd.DataFrame, value: str, by: Sequence[str]) -> pd.DataFrame:
    """Return `frame` with n, mean, low and high of its cell added to every row."""
    return frame.merge(seed_interval(frame, value, by), on=list(by), how="left")


def paired_difference(
    frame: pd.DataFrame,
    value: str,
    *,
    key: str,
    levels: tuple[Any, Any],
    by: str,
    groups: Sequence[Any],
) -> pd.DataFrame:
    """One row per level of `by` in `groups`: `value` at the second level of `key` minus the first.

    Pairs share a seed. Columns: n (pairs), mean, low, high, p (two-sided t-test against 0; null
    without an interval, and when all differences are equal, which no t-test can judge), and
    `reference_mean` and `other_mean`: the means of the first level and of the second.
    """
    rows = []
    for group in groups:
        cell = frame[frame[by] == group].dropna(subset=[value])
        means = cell.groupby([key, "seed"])[value].mean().unstack(key)
        pairs = means.reindex(columns=list(levels)).dropna()
        first, second = (pairs[level].to_numpy(dtype=float) for level in levels)
        means = [float(own.mean()) if len(own) else np.nan for own in (first, second)]
        own = dict(zip(("reference_mean", "other_mean"), means, strict=True))
        rows.append({by: group} | infer_from_pairs(first, second) | own)
    columns = [by, "n", "mean", "low", "high", "p", "reference_mean", "other_mean"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def infer_from_pairs(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Return n, mean, low, high and p of second - first, pair by pair; null where there is none."""
    differences = second - first
    n = len(differences)
    mean = float(differences.mean()) if n else np.nan
    if n < 2:
        return {"n": n, "mean": mean, "low": np.nan, "high": np.nan, "p": np.nan}
    if np.ptp(differences) <= ALIKE * np.abs([first, second]).max():
        return {"n": n, "mean": mean, "low": mean, "high": mean, "p": np.nan}
    error = float(differences.std(ddof=1)) / np.sqrt(n)
    half = float(student.ppf((1 + LEVEL) / 2, n - 1)) * error
    p = 2 * float(student.sf(abs(mean) / error, n - 1))
    return {"n": n, "mean": mean, "low": mean - half, "high": mean + half, "p": p}


def infer_from_groups(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Return n, mean, low, high and p of the mean of second minus that of first, by Welch's t-test.

    For two groups whose members do not pair. n is the size of the smaller one; null as in
    `infer_from_pairs` where that is below 2.
    """
    n = min(len(first), len(second))
    mean = float(second.mean() - first.mean()) if n else np.nan
    if n < 2:
        return {"n": n, "mean": mean, "low": np.nan, "high": np.nan, "p": np.nan}
    both = np.concatenate([first, second])
    if max(np.ptp(first), np.ptp(second)) <= ALIKE * np.abs(both).max():
        return {"n": n, "mean": mean, "low": mean, "high": mean, "p": np.nan}
    parts = [group.var(ddof=1) / len(group) for group in (first, second)]
    error = np.sqrt(sum(parts))
    sizes = (len(first), len(second))
    freedom = sum(parts) ** 2 / sum(p**2 / (k - 1) for p, k in zip(parts, sizes, strict=True))
    half = float(student.ppf((1 + LEVEL) / 2, freedom)) * error
    p = 2 * float(student.sf(abs(mean) / error, freedom))
    return {"n": n, "mean": mean, "low": mean - half, "high": mean + half, "p": p}
