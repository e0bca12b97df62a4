"""Corrections of p for families of comparisons: Holm's, and Benjamini and Hochberg's. Pure."""

from collections.abc import Callable

import numpy as np
import pandas as pd


def correct_holm(p: pd.Series) -> pd.Series:
    """Return p corrected over the values that are not null, which are one family.

    Below 0.05: by chance in at most 5 % of families there is one such value.
    """
    known = p.dropna().sort_values()
    # not statsmodels' multipletests, which collects all garbage at every call: 0.2 s each
    scaled = np.maximum.accumulate(known.to_numpy() * np.arange(len(known), 0, -1))
    return pd.Series(np.minimum(scaled, 1.0), index=known.index, dtype=float).reindex(p.index)


def correct_benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Return p corrected over the values that are not null, which are one family.

    Below 0.05: at most 5 % of all such values are expected to be there by chance (Benjamini and
    Hochberg 1995).
    """
    known = p.dropna().sort_values()
    ranks = np.arange(1, len(known) + 1)
    scaled = np.minimum.accumulate((known.to_numpy() * len(known) / ranks)[::-1])[::-1]
    return pd.Series(np.minimum(scaled, 1.0), index=known.index, dtype=float).reindex(p.index)


def correct_tested(
    family: pd.DataFrame, column: str, correct: Callable[[pd.Series], pd.Series]
) -> pd.Series:
    """Return the p's of a column corrected over the rows whose interval has a width.

    Where all pairs are alike nothing was tested: the p of such a row is 0 or 1 as it is, and must
    not make the others look like a smaller family.
    """
    p = family[column].astype(float)
    tested = family["low"] < family["high"]
    return correct(p.where(tested)).where(tested, p)


def with_holm(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with `p_holm`: p corrected over the rows, which are one family."""
    return frame.assign(p_holm=correct_holm(frame["p"]))
