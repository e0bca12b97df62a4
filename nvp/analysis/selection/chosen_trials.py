"""Which trials a figure is about, and in which order their levels stand."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.frames.derive import sort_levels
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.question.question import METHOD, NONE


def select_done(frames: StudyFrames) -> pd.DataFrame:
    """Return the trials that are done.

    Raises:
        NothingToDraw: there is none.
    """
    trials = frames.trials[frames.trials["status"] == "done"]
    if trials.empty:
        counts = frames.trials["status"].value_counts()
        got = ", ".join(f"{count} {status}" for status, count in counts.items())
        raise NothingToDraw(f"expected a finished trial, got {got or 'no trial'}")
    return trials


def select_shown(frames: StudyFrames, keys: Sequence[str]) -> pd.DataFrame:
    """Return the trials that a figure of some keys is about, whatever became of them.

    These are all trials where a key of pruning is shown or no trial is unpruned. Else they are the
    unpruned ones, since a neuron that was pruned is no longer counted as dead.
    """
    trials = frames.trials
    unpruned = trials[METHOD] == NONE
    if any(key.startswith("prune.") for key in keys) or not unpruned.any():
        return trials
    return trials[unpruned]


def select_comparable(frames: StudyFrames, keys: Sequence[str]) -> pd.DataFrame:
    """Return those of `select_shown` that are done, at levels that are common to all `keys`.

    See `keep_common_levels`.

    Raises:
        NothingToDraw: there is none.
    """
    shown = select_shown(frames, keys)
    trials = shown[shown["status"] == "done"]
    if trials.empty:
        what = "unpruned " if len(shown) < len(frames.trials) else ""
        raise NothingToDraw(f"expected a finished {what}trial, got none of {len(shown)}")
    return keep_common_levels(trials, [key for key in keys if key in frames.swept], frames.swept)


def keep_common_levels(
    trials: pd.DataFrame, keys: Sequence[str], swept: Sequence[str]
) -> pd.DataFrame:
    """Return the trials at those levels of the other swept keys that every level of `keys` has.

    Levels are then compared with all else equal, also where keys were varied one at a time or where
    trials are missing. A key without a level in common is not restricted.
    """
    for other in swept:
        if other not in [*keys, "seed"] and keys:
            cells = trials.groupby(list(keys), observed=True)[other].agg(set)
            common = set.intersection(*cells)
            trials = trials[trials[other].isin(common)] if common else trials
    return trials


def selection_caption(frames: StudyFrames, trials: pd.DataFrame, keys: Sequence[str]) -> str:
    """Return which trials a figure is of: unpruned, at which levels of the keys not shown."""
    said = []
    if METHOD not in keys and set(trials[METHOD]) == {NONE}:
        said.append("Unpruned trials.")
    shown = select_shown(frames, keys)
    held = [
        " or ".join(
            [style.level_text(key, own[0]), *(style.value_text(one, key) for one in own[1:])]
        )
        for key in frames.swept
        if key not in [*keys, "seed"]
        and len(own := order_levels(frames, key, trials)) < shown[key].nunique()
    ]
    if held:
        said.append(f"Only trials with {', '.join(held)}.")
    return " ".join(said)


def ends_caption(trials: pd.DataFrame) -> str:
    """Return that trials end at different epochs, where they do."""
    least, most = trials["epochs"].min(), trials["epochs"].max()
    if least == most:
        return ""
    return f"Trials end at epochs {least} to {most}: what is later is of the longer ones alone."


def select_pruned(frames: StudyFrames) -> pd.DataFrame:
    """Return the trials of a pruning method that are done.

    Raises:
        NothingToDraw: there is none.
    """
    trials = select_done(frames)
    trials = trials[trials[METHOD] != NONE]
    if trials.empty:
        raise NothingToDraw("expected finished trials of a pruning method, got none")
    return trials


def select_finished(trials: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the trials of a pruning method that are done.

    Raises:
        NothingToDraw: there is none.
    """
    own = trials[trials[METHOD] == method]
    done = own[own["status"] == "done"]
    if done.empty:
        counts = own["status"].value_counts()
        got = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no trial"
        raise NothingToDraw(f"expected finished trials with {METHOD} {method}, got {got}")
    return done


def select_rows(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that are of the trials."""
    return table[table["trial_id"].isin(trials["trial_id"])]


def order_levels(frames: StudyFrames, key: str, rows: pd.DataFrame) -> list[Any]:
    """Return the levels of a key that rows have: in the order of the study, then unplanned ones.

    Such as the regrowth of an unpruned trial in a study of regrowths.
    """
    planned = frames.levels(key)
    order = [*planned, *(level for level in sort_levels(rows[key]) if level not in planned)]
    there = set(rows[key])
    return [level for level in order if level in there]


def find_fixed_keys(
    frames: StudyFrames, trials: pd.DataFrame, keys: Sequence[str] = ()
) -> list[str]:
    """Return the swept keys of which trials have one level, so that nothing is averaged.

    With `keys`: one level at every level of those.
    """
    cells = trials.groupby(list(keys), observed=True) if keys else trials.groupby(lambda _: 0)
    return [key for key in frames.swept if key in keys or cells[key].nunique().max() == 1]


def select_applicable(frames: StudyFrames, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials to which all swept keys apply.

    Where other keys of pruning are swept beside the method (its target, its regrowth), these are
    the pruned trials: unpruned ones were run at a single level of those keys.
    """
    more = [key for key in frames.swept if key.startswith("prune.") and key != METHOD]
    own = trials[trials[METHOD] != NONE]
    return own if METHOD in frames.swept and more and len(own) else trials


def applicable_caption(trials: pd.DataFrame, shown: pd.DataFrame) -> str:
    """Return that unpruned trials are not shown, where they are not."""
    lacking = len(trials) - len(shown)
    return f"Without the {lacking} unpruned trials: not all keys apply." if lacking else ""
