"""An answer in two sentences: its primary comparison, and what the question asks besides."""

from typing import Any

import pandas as pd

from nvp.analysis.answers.plain import tell_plainly
from nvp.analysis.answers.wording import NOTHING


def tell_answer(table: pd.DataFrame) -> list[str]:
    """Return the sentences of an answer; one that says so where there is nothing to compare."""
    return [tell_plainly(row) for row in choose_rows(table)] or [NOTHING]


def choose_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the two comparisons that are told: the primary one, and the largest of the last.

    The last contrast of a question is what it asks besides; where it is split, the level at which
    the difference is largest speaks for it.
    """
    if table.empty:
        return []
    firsts = keep_first_definition(table)
    last = firsts[firsts["contrast_number"] == firsts["contrast_number"].max()]
    chosen = [firsts.index[0]]
    if last["mean"].notna().any():
        chosen.append(last["mean"].abs().idxmax())
    return firsts.loc[list(dict.fromkeys(chosen))].to_dict("records")


def keep_first_definition(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by the first definition of death alone, where a contrast has several."""
    first = table.groupby("contrast_number")["value"].transform("first")
    return table[table["value"] == first]
