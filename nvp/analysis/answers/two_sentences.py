"""An answer in two sentences: its primary comparison, and what the question asks besides."""

from typing import Any

import pandas as pd

from nvp.analysis.answers.plain import tell_plainly
from nvp.analysis.answers.wording import NOTHING
from nvp.analysis.frames.load import StudyFrames


def tell_answer(table: pd.DataFrame, frames: StudyFrames) -> list[str]:
    """Return the sentences of an answer; one that says so where there is nothing to compare."""
    return [tell_row(row, frames) for row in choose_rows(table)] or [NOTHING]


def tell_row(row: dict[str, Any], frames: StudyFrames) -> str:
    """Return a row of an answer as one sentence, which also says what it averages over."""
    return tell_plainly(row, find_averaged(row, frames))


def find_averaged(row: dict[str, Any], frames: StudyFrames) -> list[str]:
    """Return the swept keys, but for the seed, that vary within each level which a row compares."""
    trials = frames.trials[frames.trials["status"] == "done"]
    for key, level in row["where"].items():
        trials = trials[trials[key] == level]
    levels = [trials[trials[row["key"]] == row[of]] for of in ("reference", "other")]
    keys = [key for key in frames.swept if key not in (row["key"], "seed", *row["where"])]
    return [key for key in keys if min(own[key].nunique() for own in levels) > 1]


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
