"""Effects of swept keys: main effects and two-way interactions by least squares. Pure.

One linear model per response: every key and every pair of keys as a factor, seeds as blocks, sums
to zero over the levels of a factor. So in a balanced design a main effect is the mean of a level
minus the mean of all, and an interaction is what a cell differs by from the sum of its two main
effects. Residuals are pooled over all cells. An effect that the trials cannot separate from another
one is null, with a note.
"""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS  # not from statsmodels.api: 0.6 s more
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from nvp.analysis.statistics.corrections import with_holm
from nvp.analysis.statistics.intervals import ALIKE, LEVEL
from nvp.analysis.statistics.model_terms import TOLERANCE, Term, build_main_term, build_terms

FEWEST_UNLIKE = 3  # trials that do not have the commonest value, as the 0 deaths of most trials
COLUMNS = [
    *("response", "term", "key", "level", "other", "other_level", "n"),
    *("estimate", "low", "high", "p", "p_holm", "p_term", "note"),
]


def estimate_effects(
    trials: pd.DataFrame, keys: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """One row per (response, term, level): estimate, 95 % interval, p, p_holm, p_term, note.

    `trials` has a row per trial, with `keys`, `seed` and the responses `names`; a trial without a
    response is left out of that response's model. The term of a pair is "a:b", with the second key
    and its level in `other` and `other_level`. p is the level's, two-sided; p_holm is over all
    levels of all terms of one response; p_term is the F-test that a whole term is 0. With a single
    seed, and where less than FEWEST_UNLIKE trials differ from the rest, there is neither interval
    nor test.
    """
    parts = []
    for known, group in group_by_presence(trials, names):
        terms, seeds = build_terms(known, keys), build_main_term(known, "seed")
        used = DesignMatrix(terms, seeds)
        for name in group:
            table = fit_response(known[name].to_numpy(dtype=float), terms, seeds, used)
            parts.append(with_holm(table).assign(response=name)[COLUMNS])
    order = {name: i for i, name in enumerate(names)}
    parts.sort(key=lambda part: order[part["response"].iloc[0]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def group_by_presence(
    trials: pd.DataFrame, names: Sequence[str]
) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Yield the trials that have a response, and all responses that just these have."""
    present = {name: trials[name].notna().to_numpy() for name in names}
    groups: dict[bytes, list[str]] = {}
    for name, known in present.items():
        if known.any():
            groups.setdefault(known.tobytes(), []).append(name)
    for group in groups.values():
        yield trials[present[group[0]]], group


def fit_response(
    y: np.ndarray, terms: list[Term], seeds: Term, used: "DesignMatrix"
) -> pd.DataFrame:
    """Return the rows of one response, without p_holm."""
    model = used.fit(y)
    fault = explain_untestable(y, seeds, model)
    unused = [term.name for term in terms if term.name not in used.first_column]
    without = f"model without {', '.join(unused)}" if unused else ""
    rows = []
    for term in terms:
        found = (
            estimate_term(term, model, used.first_column[term.name], fault) if not term.note else {}
        )
        note = term.note or "; ".join(part for part in (fault, without) if part)
        rows.append(list_levels(term).assign(**found, note=note))
    return pd.concat(rows, ignore_index=True).reindex(columns=COLUMNS)


class DesignMatrix:
    """The columns of a model, and where each term has its own; decomposed once for all responses.

    Attributes:
        first_column: {name of a term: its first column}.
    """

    def __init__(self, terms: list[Term], seeds: Term):
        # keys that are aliased with each other stay in: else their effect would go to a third key
        used = [term for term in terms if not term.note or len(term.keys) == 1]
        blocks = [np.ones((len(seeds.columns), 1)), seeds.columns, *[one.columns for one in used]]
        ends = np.cumsum([block.shape[1] for block in blocks])[1:]
        self.first_column = {term.name: int(end) for term, end in zip(used, ends, strict=False)}
        self.matrix = np.hstack(blocks)
        values, vectors = np.linalg.eigh(self.matrix.T @ self.matrix)
        own = values > TOLERANCE * len(self.matrix)
        self.root = np.sqrt(values[own])[:, None] * vectors[:, own].T  # root' root = X' X
        self.whiten = vectors[:, own].T / np.sqrt(values[own])[:, None]

    def fit(self, y: np.ndarray) -> Any:
        """Return the least-squares fit of `y`, a statsmodels result.

        It is fitted to a row per coefficient and one for the residuals, which has the same
        estimates, errors and tests as a row per trial, and takes a fraction of the time.
        """
        short = self.whiten @ (self.matrix.T @ y)
        residual = y - self.matrix @ (self.whiten.T @ short)
        length = np.sqrt(residual @ residual)
        rows = np.vstack([self.root, np.zeros(self.root.shape[1])])
        model = OLS(np.append(short, length), rows)
        model.df_resid = len(y) - len(self.root)
        with warnings.catch_warnings(action="ignore", category=SingularMatrixWarning):
            return model.fit()


def list_levels(term: Term) -> pd.DataFrame:
    """Return a row per level of a term: its names, and how many trials it has."""
    key, other = (*term.keys, "")[:2]
    named = {"term": term.name, "key": key, "other": other, "n": term.n}
    levels = [(*level, None)[:2] for level in term.levels]
    first, second = zip(*levels, strict=True)
    values = {"level": list(first), "other_level": list(second)}
    return pd.DataFrame(named | values).astype({"level": object, "other_level": object})


def explain_untestable(y: np.ndarray, seeds: Term, model: Any) -> str:
    """Return why a response has no intervals, "" when it has."""
    if len(seeds.levels) < 2:
        return "one seed, so no interval"
    if np.ptp(y) <= ALIKE * np.abs(y).max():
        return "all trials alike, so no test"
    unlike = len(y) - int(np.unique(y, return_counts=True)[1].max())
    if unlike < FEWEST_UNLIKE:
        return f"{unlike} of {len(y)} trials differ from the rest, so no test"
    if model.df_resid < 1:
        return f"{len(y)} trials for {len(model.params)} coefficients, so no interval"
    return ""


def estimate_term(term: Term, model: Any, at: int, fault: str) -> dict[str, Any]:
    """Return, level by level, the effects of a term, and without a `fault` intervals and tests."""
    wide = np.zeros((len(term.levels), len(model.params)))
    width = term.columns.shape[1]
    wide[:, at : at + width] = term.contrast
    effect = wide @ model.params
    if fault:
        return {"estimate": effect}
    test = model.t_test(wide)
    low, high = test.conf_int(alpha=1 - LEVEL).T
    with warnings.catch_warnings(action="ignore"):  # residuals of 0 have no F: null
        whole = model.f_test(np.eye(len(model.params))[at : at + width])
    found = {"estimate": effect, "low": low, "high": high, "p": test.pvalue}
    return found | {"p_term": float(whole.pvalue)}
