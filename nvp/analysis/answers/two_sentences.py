"""An answer in two sentences: its primary comparison, and what the question asks besides."""

from typing import Any

import pandas as pd

from nvp.analysis.answers.plain import tell_plainly
from nvp.analysis.answers.wording import NOTHING
from nvp.analysis.frames.load import StudyFrames
from nvp.question.question import METHOD, NONE


def tell_answer(table: pd.DataFrame, frames: StudyFrames) -> list[str]:
    """Return the sentences of an answer; one that says so where there is nothing to compare."""
    return [tell_row(row, frames) for row in choose_rows(table)] or [NOTHING]


def tell_row(row: dict[str, Any], frames: StudyFrames) -> str:
    """Return a row of an answer in words, with what it averages over, and what was removed."""
    told = tell_plainly(row, find_averaged(row, frames))
    of_removal = (row["key"], row["reference"], row["other"]) == (METHOD, NONE, "dead")
    return tell_removal(told, row, frames) if of_removal and row["n"] else told


def tell_removal(told: str, row: dict[str, Any], frames: StudyFrames) -> str:
    """Return what the removal of the dead changes, and how many neurons it removed, if any."""
    trials = frames.trials[frames.trials["status"] == "done"]
    for key, level in {**row["where"], METHOD: row["other"]}.items():
        trials = trials[trials[key] == level]
    removed = trials["sparsity"].mean()
    if removed == 0:
        return f"{told.partition(', with removal')[0]}, nothing was removed, so nothing was tested."
    return f"{told} {100 * removed:.1f} % of the neurons were removed."


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
