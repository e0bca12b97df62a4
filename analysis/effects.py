"""Effects of swept keys: main effects and two-way interactions by least squares. Pure.

One linear model per response: every key and every pair of keys as a factor, seeds as blocks, sums
to zero over the levels of a factor. So in a balanced design a main effect is the mean of a level
minus the mean of all, and an interaction is what a cell differs by from the sum of its two main
effects. Residuals are pooled over all cells. What trials cannot tell apart is null, with a note.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from analysis.stats import ALIKE, LEVEL, with_holm
from analysis.terms import Term, main_term, terms_of

COLUMNS = [
    *("response", "term", "key", "level", "other", "other_level", "n"),
    *("estimate", "low", "high", "p", "p_holm", "p_term", "note"),
]


def effects(trials: pd.DataFrame, keys: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """One row per (response, term, level): estimate, 95 % interval, p, p_holm, p_term, note.

    `trials` has a row per trial, with `keys`, `seed` and the responses `names`; a trial without a
    response is left out of that response's model. The term of a pair is "a:b", with the second key
    and its level in `other` and `other_level`. p is the level's, two-sided; p_holm is over all
    levels of all terms of one response; p_term is the F-test that a whole term is 0. With a single
    seed there is neither interval nor test.
    """
    known = [name for name in names if trials[name].notna().any()]
    parts = [with_holm(effects_on(trials, keys, name))[COLUMNS] for name in known]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def effects_on(trials: pd.DataFrame, keys: Sequence[str], response: str) -> pd.DataFrame:
    """Return the rows of one response, without p_holm."""
    known = trials.dropna(subset=[response])
    y = known[response].to_numpy(dtype=float)
    terms = terms_of(known, keys)
    seeds = main_term(known, "seed")
    # keys that are aliased with each other stay in, so that no third one is charged with them
    used = [term for term in terms if not term.note or len(term.keys) == 1]
    blocks = [np.ones((len(y), 1)), seeds.columns, *[term.columns for term in used]]
    with warnings.catch_warnings(action="ignore", category=SingularMatrixWarning):
        model = sm.OLS(y, np.hstack(blocks)).fit()
    ends = np.cumsum([block.shape[1] for block in blocks])[1:]
    place = {term.name: at for term, at in zip(used, ends, strict=False)}
    fault = untestable(y, seeds, model)
    left_out = [term.name for term in terms if term not in used]
    rows = []
    for term in terms:
        told = estimates(term, model, place[term.name], fault) if not term.note else {}
        notes = [term.note or fault, f"model without {', '.join(left_out)}" if left_out else ""]
        note = "; ".join(part for part in notes[: 1 if term.note else 2] if part)
        rows.append(rows_of(term).assign(**told, note=note))
    return pd.concat(rows, ignore_index=True).reindex(columns=COLUMNS).assign(response=response)


def rows_of(term: Term) -> pd.DataFrame:
    """Return a row per level of a term: its names, and how many trials it has."""
    key, other = (*term.keys, "")[:2]
    named = {"term": term.name, "key": key, "other": other, "n": term.n}
    levels = [(*level, None)[:2] for level in term.levels]
    first, second = zip(*levels, strict=True)
    values = {"level": list(first), "other_level": list(second)}
    return pd.DataFrame(named | values).astype({"level": object, "other_level": object})


def untestable(y: np.ndarray, seeds: Term, model: Any) -> str:
    """Return why a response has no intervals, "" when it has."""
    if len(seeds.levels) < 2:
        return "one seed, so no interval"
    if np.ptp(y) <= ALIKE * np.abs(y).max():
        return "all trials alike, so no test"
    if model.df_resid < 1:
        return f"{len(y)} trials for {model.df_model + 1:.0f} coefficients, so no interval"
    return ""


def estimates(term: Term, model: Any, at: int, fault: str) -> dict[str, Any]:
    """Return, level by level, the effects of a term, and without a `fault` intervals and tests."""
    wide = np.zeros((len(term.levels), len(model.params)))
    width = term.columns.shape[1]
    wide[:, at : at + width] = term.contrast
    effect = wide @ model.params
    if fault:
        return {"estimate": effect}
    test = model.t_test(wide)
    low, high = test.conf_int(alpha=1 - LEVEL).T
    whole = model.f_test(np.eye(len(model.params))[at : at + width])
    found = {"estimate": effect, "low": low, "high": high, "p": test.pvalue}
    return found | {"p_term": float(whole.pvalue)}
