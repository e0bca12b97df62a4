"""How much sooner neurons die at one level than at another (Cox), and how many come back. Pure."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.tools.sm_exceptions import HessianInversionWarning

from nvp.analysis.frames.derive import sort_levels
from nvp.analysis.statistics.intervals import LEVEL
from nvp.analysis.statistics.neuron_lives import DIED

MOST_NEURONS = 20_000  # that the model is fitted to
# deaths at a level: of fewer, a hazard ratio and its interval are of chance (ten events for each
# variable: Peduzzi et al. 1995)
FEWEST_DEATHS = 10
COLUMNS = ["key", "level", "reference", "neurons", "died", "ratio", "low", "high", "p", "note"]


def estimate_hazard_ratios(
    lives: pd.DataFrame, trials: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """One row per (key, level but the first): the hazard of a first death over that at the first.

    Cox's model (ties by Efron), a baseline for each layer, pruning censors. Neurons of a trial are
    not independent: standard errors are clustered by trial, the interval is t's with one degree of
    freedom less than trials. Null with a single seed. Of more than MOST_NEURONS neurons every k-th
    is taken. A level at which no neuron died has ratio 0 and a note. Where fewer than FEWEST_DEATHS
    died there is a note and no ratio, and so it is where no level has as many to be the reference.
    """
    ids = lives["trial_id"].astype("category").cat
    own = trials.assign(trial_id=trials["trial_id"].astype(str)).set_index("trial_id")
    known = own.reindex(ids.categories.astype(str))[[*keys, "seed"]]
    table = pd.concat([lives, known.take(ids.codes).set_axis(lives.index)], axis=1)
    sample = table.iloc[:: -(-len(table) // MOST_NEURONS)]
    listed = [row for key in keys for row in list_levels(table, sample, key)]
    rows = pd.DataFrame(listed, columns=COLUMNS)
    fitted = rows.index[rows["ratio"].isna() & (rows["note"] == "")]
    if not len(fitted):
        return rows
    usable = np.ones(len(sample), dtype=bool)
    for _, row in rows[rows["note"] != ""].iterrows():
        usable &= (sample[row["key"]] != row["level"]).to_numpy()
    found = fit_cox(sample[usable], rows.loc[fitted])
    rows.loc[fitted, ["ratio", "low", "high", "p"]] = found
    if own["seed"].nunique() < 2:
        rows.loc[fitted, ["low", "high", "p"]] = np.nan
        rows.loc[fitted, "note"] = "one seed, so no interval"
    return rows


def list_levels(table: pd.DataFrame, sample: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """Return a row per level of a key but its reference, the first with FEWEST_DEATHS deaths.

    These are deaths of the sample, which the model is fitted to.
    """
    counts = table.groupby(key)["event"].agg(neurons="size", died=lambda e: (e == DIED).sum())
    levels = [level for level in sort_levels(table[key]) if len(counts) > 1]
    died = sample[sample["event"] == DIED].groupby(key).size().reindex(counts.index, fill_value=0)
    enough = died >= FEWEST_DEATHS
    reference = next((level for level in levels if enough[level]), None)
    rows = []
    for level in levels:
        if level == reference:
            continue
        row = {"key": key, "level": level, "reference": reference} | counts.loc[level].to_dict()
        ratio, note = np.nan, "" if enough[level] else f"fewer than {FEWEST_DEATHS} deaths"
        if row["died"] == 0:
            ratio, note = (np.nan if reference is None else 0.0), "no death"
        rows.append(row | {"note": note, "ratio": ratio})
    return rows


def fit_cox(lives: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return a row (ratio, low, high, p) for each level of `rows`."""
    columns = [lives[row.key] == row.level for row in rows.itertuples()]
    model = PHReg(
        lives["epoch"].to_numpy(dtype=float) + 1,  # a death at epoch 0 is one, too
        np.column_stack(columns).astype(float),
        status=(lives["event"] == DIED).to_numpy(dtype=int),
        strata=lives["layer"].astype("category").cat.codes.to_numpy(),
        ties="efron",
    )
    groups = lives["trial_id"].astype("category").cat.codes.to_numpy()
    with warnings.catch_warnings(action="ignore", category=HessianInversionWarning):
        result = model.fit(groups=groups)
    n = len(np.unique(groups))
    error = result.bse * np.sqrt(n / max(n - 1, 1))
    half = student.ppf((1 + LEVEL) / 2, n - 1) * error
    p = 2 * student.sf(np.abs(result.params / error), n - 1)
    return np.column_stack(
        [np.exp(result.params), np.exp(result.params - half), np.exp(result.params + half), p]
    )


def count_revivals(events: pd.DataFrame, trials: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row per trial: how often a neuron died and revived, and the share of deaths undone.

    The share is null where none died. A neuron may die and revive several times.
    """
    own = events[events["event"].isin([DIED, "revived"])]
    counts = own.groupby(["trial_id", "event"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=[DIED, "revived"], fill_value=0)
    counts.index = counts.index.astype(str)
    ids = trials["trial_id"].astype(str)
    rows = counts.reindex(ids, fill_value=0).reset_index(drop=True)
    share = rows["revived"] / rows[DIED].where(rows[DIED] > 0)
    known = trials[["trial_id", *dict.fromkeys([*keys, "seed"])]].reset_index(drop=True)
    return pd.concat([known, rows], axis=1).assign(share=share)
