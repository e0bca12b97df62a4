"""The best configuration beside the others, and on seeds that did not choose it. Pure."""

import numpy as np
import pandas as pd

from nvp.analysis.statistics.corrections import correct_holm, correct_tested
from nvp.analysis.statistics.intervals import infer_from_pairs

ALPHA = 0.05
COLUMNS = ["configuration", "n", "mean", "low", "high", "p", "p_holm", "apart"]


def tabulate_seeds(trials: pd.DataFrame, name: str, configurations: list[int]) -> pd.DataFrame:
    """Return a value of each configuration (rows) and seed (columns), of trials that are done."""
    done = trials[(trials["status"] == "done") & trials["configuration"].isin(configurations)]
    cells = done.assign(value=done[name].astype(float)).groupby(["configuration", "seed"])["value"]
    return cells.mean().unstack("seed").reindex(configurations)


def compare_with_best(seeds: pd.DataFrame, sign: int) -> pd.DataFrame:
    """One row per other configuration: by how much the first row of `seeds` is better than it.

    Paired by seed, with 95 % t-interval and p; `p_holm` is corrected over all others. `apart` says
    that the interval excludes 0 and that p after correction is at most 0.05. The best one was
    picked for being first, so the real differences are smaller than these.
    """
    values = sign * seeds.to_numpy(dtype=float)
    rows = []
    for number, other in zip(seeds.index[1:], values[1:], strict=True):
        pairs = np.isfinite(values[0]) & np.isfinite(other)
        found = infer_from_pairs(other[pairs], values[0][pairs])
        rows.append({"configuration": number} | found)
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS[:-2]))
    table = table.assign(p_holm=correct_tested(table, "p", correct_holm) if len(table) else np.nan)
    return table.assign(apart=(table["low"] > 0) & (table["p_holm"] <= ALPHA))[COLUMNS]


def judge_on_other_seeds(seeds: pd.DataFrame, sign: int) -> float:
    """Return what the best configuration is worth on a seed that did not choose it.

    Each seed in turn is left out, the best by the mean of the others is taken, and its value on the
    seed left out counts; the mean over seeds is returned. Null with one seed or one configuration,
    and where a configuration lacks a seed.
    """
    if min(seeds.shape) < 2 or seeds.isna().any(axis=None):
        return np.nan
    values = sign * seeds.to_numpy(dtype=float)
    others = (values.sum(axis=1, keepdims=True) - values) / (values.shape[1] - 1)
    chosen = others.argmax(axis=0)
    return float(sign * values[chosen, np.arange(values.shape[1])].mean())
