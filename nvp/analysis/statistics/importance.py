"""Which swept key matters most: permutation importance of a forest, and functional ANOVA. Pure.

A row of the model is a setting of all swept keys but the seed: its response is the mean over its
seeds, so seeds never leak from what a model learns to what it is judged by. Levels enter by rank.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from nvp.analysis.frames.derive import sort_levels

PERMUTATION, FANOVA = "permutation, random forest", "fANOVA"
COLUMNS = ["response", "evaluator", "key", "importance", "low", "high", "score", "cells", "draws"]
FEWEST, MOST = 8, 150  # settings: fewer cannot be left out, of more some are taken at random
FEWEST_UNLIKE = 5  # settings whose response is not the commonest one, as the 0 deaths of most
DRAWS, TREES = 20, 12


def measure_importances(
    trials: pd.DataFrame, keys: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """One row per (response, evaluator, key): importance, 95 % interval by bootstrap.

    `permutation`: what the squared error of settings left out grows by when the key is shuffled
    among them, over the variance of the response; mean and percentiles over draws, each with a
    forest of its own; `score` is R^2 of the settings left out, all draws together. `fANOVA`: share
    of the variance of a forest that the key alone explains; of all settings, and percentiles over
    draws of settings with replacement. Empty for keys that do not vary, for less than FEWEST
    settings, and for responses of which less than FEWEST_UNLIKE differ from the commonest value.
    """
    varied = [key for key in keys if trials[key].nunique() > 1]
    parts = []
    for name in names:
        cells = average_cells(trials, varied, name)
        unlike = len(cells) - cells[name].value_counts().max()
        if len(varied) and len(cells) >= FEWEST and unlike >= FEWEST_UNLIKE:
            x, y = rank_levels(cells, varied), cells[name].to_numpy(dtype=float)
            rows = [*permute_keys(x, y), *bootstrap_fanova(x, y)]
            parts.append(pd.DataFrame(rows).assign(response=name, cells=len(cells), draws=DRAWS))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def average_cells(trials: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    """Return a row per setting of the keys with the mean response over its seeds."""
    known = trials.dropna(subset=[name])
    if not keys:
        return known[:0]
    cells = known.groupby(keys, observed=True, as_index=False)[name].mean()
    return cells.sample(MOST, random_state=0) if len(cells) > MOST else cells


def rank_levels(cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the keys with each level as its rank."""
    ranks = {key: {level: i for i, level in enumerate(sort_levels(cells[key]))} for key in keys}
    return pd.DataFrame({key: cells[key].map(ranks[key]).astype(int) for key in keys})


def draw_cells(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which settings each draw takes, with replacement, and which it leaves out."""
    generator = np.random.default_rng(0)
    drawn = [generator.integers(count, size=count) for _ in range(DRAWS)]
    return [(one, np.setdiff1d(np.arange(count), one)) for one in drawn]


def permute_keys(x: pd.DataFrame, y: np.ndarray) -> list[dict[str, object]]:
    """Return a row per key: by how much worse a forest predicts when the key is shuffled."""
    features = x.to_numpy()
    found, errors, totals = [], 0.0, 0.0
    for taken, out in draw_cells(len(y)):
        forest = RandomForestRegressor(TREES, random_state=0).fit(features[taken], y[taken])
        shuffled = permutation_importance(
            forest, features[out], y[out], scoring="neg_mean_squared_error", n_repeats=2,
            random_state=0,
        )  # fmt: skip
        found.append(np.asarray(shuffled["importances_mean"]) / y.var())
        errors += float(((y[out] - forest.predict(features[out])) ** 2).sum())
        totals += float(((y[out] - y.mean()) ** 2).sum())
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    return [
        {"key": key, "evaluator": PERMUTATION, "importance": np.mean(found, axis=0)[i]}
        | {"low": low[i], "high": high[i], "score": 1 - errors / totals}
        for i, key in enumerate(x.columns)
    ]


def bootstrap_fanova(x: pd.DataFrame, y: np.ndarray) -> list[dict[str, object]]:
    """Return a row per key: the share of a forest's variance that is the key's alone."""
    whole = run_fanova(x, y, trees=32)
    parts = [run_fanova(x.iloc[taken], y[taken], trees=8) for taken, _ in draw_cells(len(y))]
    drawn = pd.DataFrame(parts).reindex(columns=x.columns).fillna(0.0)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return [
        {"key": key, "evaluator": FANOVA, "importance": whole.get(key, 0.0)}
        | {"low": low[i], "high": high[i], "score": np.nan}
        for i, key in enumerate(x.columns)
    ]


def run_fanova(x: pd.DataFrame, y: np.ndarray, *, trees: int) -> dict[str, float]:
    """Return Optuna's importances of an in-memory study with these trials; {} if none varies."""
    if np.ptp(y) == 0 or not (x.nunique() > 1).any():
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges: dict[str, BaseDistribution] = {
        str(key): IntDistribution(0, max(int(x[key].max()), 1)) for key in x.columns
    }
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(params=row, distributions=ranges, value=float(value))
            for row, value in zip(x.to_dict("records"), y, strict=True)
        ]
    )
    with warnings.catch_warnings(action="ignore"):
        evaluator = FanovaImportanceEvaluator(n_trees=trees, seed=0)
        return {key: float(share) for key, share in evaluator.evaluate(study).items()}
