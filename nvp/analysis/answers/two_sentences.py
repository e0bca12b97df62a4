"""An answer in two sentences: its primary comparison, and what the question asks besides."""

from typing import Any

import pandas as pd

from nvp.analysis.answers.plain import begin_sentence, list_conditions, tell_plainly
from nvp.analysis.answers.wording import NOTHING
from nvp.analysis.frames.load import StudyFrames
from nvp.question.question import METHOD, NONE


def tell_answer(table: pd.DataFrame, frames: StudyFrames) -> list[str]:
    """Return the sentences of an answer; one that says so where there is nothing to compare."""
    return [tell_row(row, frames) for row in choose_rows(table)] or [NOTHING]


def tell_row(row: dict[str, Any], frames: StudyFrames) -> str:
    """Return a row of an answer in words, with what it averages over, and what was removed."""
    averaged = find_averaged(row, frames)
    told = tell_plainly(row, averaged)
    if not is_removal(row) or not row["n"]:
        return told
    trials = select_compared(row, frames)
    removed = trials.loc[trials[METHOD] == row["other"], "sparsity"].mean()
    if removed == 0:
        nothing = "nothing was removed, so nothing was tested."
        return begin_sentence(*list_conditions(row, averaged), nothing)
    return f"{told} {100 * removed:.1f} % of the neurons were removed."


def is_removal(row: dict[str, Any]) -> bool:
    """Whether a row of an answer compares the removal of the dead with no pruning."""
    return (row["key"], row["reference"], row["other"]) == (METHOD, NONE, "dead")


def find_averaged(row: dict[str, Any], frames: StudyFrames) -> list[str]:
    """Return the swept keys, but for the seed, that vary within each level which a row compares."""
    trials = select_compared(row, frames)
    levels = [trials[trials[row["key"]] == row[of]] for of in ("reference", "other")]
    keys = [key for key in frames.swept if key not in (row["key"], "seed", *row["where"])]
    return [key for key in keys if min(own[key].nunique() for own in levels) > 1]


def select_compared(row: dict[str, Any], frames: StudyFrames) -> pd.DataFrame:
    """Return the trials that are done, at the levels of the other keys at which a row compares."""
    trials = frames.trials[frames.trials["status"] == "done"]
    for key, level in row["where"].items():
        trials = trials[trials[key] == level]
    return trials


def choose_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the two comparisons that are told: the primary one, and the largest of the last.

    The last contrast of a question is what it asks besides; where it has several rows, the largest
    difference that was not told yet speaks for it.
    """
    if table.empty:
        return []
    firsts = keep_first_definition(table)
    last = firsts[firsts["contrast_number"] == firsts["contrast_number"].max()]
    chosen = [firsts.index[0]]
    last = last.drop(chosen, errors="ignore")
    if last["mean"].notna().any():
        chosen.append(last["mean"].abs().idxmax())
    return firsts.loc[list(dict.fromkeys(chosen))].to_dict("records")


def keep_first_definition(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by the first definition of death alone, where a contrast has several."""
    first = table.groupby("contrast_number")["value"].transform("first")
    return table[table["value"] == first]
