"""The terms of a linear model of swept keys, and which of them the trials tell apart. Pure.

Coded to sum to zero. A term is a key, or a pair of keys (their interaction).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from nvp.analysis.frames.derive import sort_levels

TOLERANCE = 1e-8  # of the number of trials: a smaller singular value is 0


@dataclass(frozen=True)
class Term:
    """A key or a pair of keys: its columns in a model, and what its coefficients say of its levels.

    Attributes:
        keys: one or two.
        columns: trials x coefficients.
        levels: a tuple, the value of each key, per row of `contrast`.
        contrast: levels x coefficients; times the coefficients it is the effects.
        n: trials of each level.
        note: why the trials do not tell its effects; "" when they do.
    """

    keys: tuple[str, ...]
    columns: np.ndarray
    levels: list[tuple[Any, ...]]
    contrast: np.ndarray
    n: np.ndarray
    note: str = ""

    @property
    def name(self) -> str:
        """How tables call it: "optim.lr", "optim.lr:data.batch_size"."""
        return ":".join(self.keys)


def build_terms(trials: pd.DataFrame, keys: Sequence[str]) -> list[Term]:
    """Return the terms of all keys and then of all pairs; what cannot be told has a note.

    Of a key with one level there is no pair.
    """
    mains = [build_main_term(trials, key) for key in keys]
    varied = [term for term in mains if not term.note]
    pairs = [build_pair_term(trials, one, two) for one, two in combinations(varied, 2)]
    full = [term for term in pairs if not term.note]
    overlap = Overlap([build_main_term(trials, "seed"), *varied, *full])
    first = 1 + len(varied)  # the seed's blocks and the keys come before the pairs
    notes = {term.name: overlap.alias(i, range(first)) for i, term in enumerate(varied, start=1)}
    lost = {name for name, note in notes.items() if note}
    for i, term in enumerate(full, start=first):
        mixed = "a key of it is aliased" if lost & set(term.keys) else ""
        notes[term.name] = mixed or overlap.alias(i, range(len(overlap.terms)))
    terms = [*mains, *pairs]
    return [replace(term, note=term.note or notes.get(term.name, "")) for term in terms]


def build_main_term(trials: pd.DataFrame, key: str) -> Term:
    """Return the term of one key: a column a level but the last, whose effect is minus the sum."""
    levels = sort_levels(trials[key])
    one = np.ones((1, len(levels) - 1))
    contrast = np.vstack([np.eye(len(levels) - 1), -one])
    codes = trials[key].map({level: i for i, level in enumerate(levels)}).to_numpy(dtype=int)
    n = np.bincount(codes, minlength=len(levels))
    note = "" if len(levels) > 1 else "one level only"
    return Term((key,), contrast[codes], [(level,) for level in levels], contrast, n, note)


def build_pair_term(trials: pd.DataFrame, one: Term, two: Term) -> Term:
    """Return the interaction of two terms; with a note when a cell of the two has no trial."""
    keys = (*one.keys, *two.keys)
    levels = [(*a, *b) for a in one.levels for b in two.levels]
    counts = trials.groupby(list(keys), observed=True).size()
    n = counts.reindex(pd.MultiIndex.from_tuples(levels), fill_value=0).to_numpy()
    empty = int((n == 0).sum())
    note = f"{empty} of {len(levels)} cells without a trial" if empty else ""
    columns = (one.columns[:, :, None] * two.columns[:, None, :]).reshape(len(trials), -1)
    return Term(keys, columns, levels, np.kron(one.contrast, two.contrast), n, note)


class Overlap:
    """How far the columns of some terms, and a constant, are each other's."""

    def __init__(self, terms: list[Term]):
        self.terms = terms
        blocks = [np.ones((len(terms[0].columns), 1)), *[term.columns for term in terms]]
        matrix = np.hstack(blocks)
        self.gram = matrix.T @ matrix
        ends = np.cumsum([block.shape[1] for block in blocks])
        self.at = [np.arange(start, end) for start, end in zip(ends[:-1], ends[1:], strict=True)]
        self.tolerance = TOLERANCE * len(matrix)
        # then all of them are each other's nowhere, and none has to be tried by itself
        self.distinct = self.rank(range(len(terms))) == len(self.gram)

    def rank(self, members: Sequence[int]) -> int:
        """Return the rank of a constant and some of the terms."""
        at = np.concatenate([[0], *[self.at[i] for i in members]]).astype(int)
        part = self.gram[np.ix_(at, at)]
        return int(np.linalg.matrix_rank(part, hermitian=True, tol=self.tolerance))

    def alias(self, i: int, among: Sequence[int]) -> str:
        """Return with which terms a term is aliased, "" when its columns are its own."""
        if self.distinct:
            return ""
        others = [j for j in among if j != i]
        width = len(self.at[i])
        if self.rank([*others, i]) - self.rank(others) == width:
            return ""
        shared = [j for j in others if self.rank([j, i]) < self.rank([j]) + width]
        names = [self.terms[j].name for j in shared]
        return f"aliased with {' and '.join(names) or 'other terms together'}"
