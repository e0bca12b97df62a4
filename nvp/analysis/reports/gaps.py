"""Gaps of a study: missing trials, levels and seeds, in words and in tables. Pure.

A report shows them first, so that no answer hides them.
"""

import pandas as pd

from nvp.analysis import style
from nvp.analysis.frames.code_versions import describe_codes
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import is_search
from nvp.analysis.frames.unpruned import measure_unpruned
from nvp.analysis.statistics.collapse import LEAST_LEARNED
from nvp.question.question import METHOD, Question
from nvp.storage.reader import read_exception


def describe_gaps(frames: StudyFrames, question: Question) -> list[str]:
    """Return a sentence for each thing that limits what the study can say; [] when nothing does."""
    trials = frames.trials
    said = [line for line in (frames.left_out.describe(), describe_codes(trials)) if line]
    if frames.unfinished:
        planned = len(frames.study["trials"])
        said.append(f"{frames.unfinished} of {planned} planned trials have not finished.")
    for status in ("failed", "diverged", "censored"):
        count = int((trials["status"] == status).sum())
        if count:
            said.append(f"{count} of {len(trials)} trials {status}: they are in no mean.")
    if not (trials["status"] == "done").any():
        return [*said, "No trial is done, so there is nothing to compare."]
    swept = [*frames.swept[:-1], question.x, question.hue]
    if METHOD not in frames.swept:
        swept = [key for key in swept if key != METHOD]  # of a question that does not ask by it
    keys = dict.fromkeys([] if is_search(frames.study) else swept)  # it compares no levels
    return [*said, *describe_unlearned(frames), *describe_thin_keys(frames, list(keys))]


def describe_unlearned(frames: StudyFrames) -> list[str]:
    """Return a sentence where the networks of some settings learned little beside the best ones.

    Of trials without pruning: what pruning costs is what a study asks.
    """
    cells = measure_unpruned(frames)
    if not len(cells):
        return []
    beside = [key for key in cells.index.names if key == "data.name"]
    best = cells.groupby(level=beside).transform("max") if beside else cells.max()
    low = cells[cells < LEAST_LEARNED * best]
    if not len(low):
        return []
    some = f"{low.min():.2f}" if len(low) == 1 else f"{low.min():.2f} to {low.max():.2f}"
    return [
        f"In {len(low)} of {len(cells)} settings without pruning the networks learned little: a "
        f"mean test accuracy of {some}, less than half of the best setting's. What dies there says "
        "little of networks that learn."
    ]


def describe_thin_keys(frames: StudyFrames, keys: list[str]) -> list[str]:
    """Return a sentence for each factor without a second level, and for too few seeds."""
    done, said = frames.trials[frames.trials["status"] == "done"], []
    for key in keys:
        (*_, last), total = [None, *done[key].dropna().unique()], frames.trials[key].nunique()
        if done[key].nunique() == 1:
            why = "the others have no trial that is done" if total > 1 else "no other was planned"
            said.append(
                f"Only {style.level_text(key, last)} ({why}): it has no effect to speak of."
            )
    seeds = done["seed"].nunique()
    if seeds == 1:
        said.append("One seed: there is no interval, and no difference is called one.")
    elif seeds == 2:
        said.append("Two seeds: intervals have one degree of freedom and are very wide.")
    return said


def count_not_done(frames: StudyFrames) -> pd.DataFrame:
    """One row per cell and status other than done: how many trials, of how many, and why."""
    keys = [key for key in frames.swept if key != "seed"]
    trials = frames.trials.assign(why=frames.trials["error"].fillna("").map(read_exception))
    if not keys:
        trials, keys = trials.assign(cell="all"), ["cell"]
    cells = trials.groupby(keys, observed=True)["trial_id"].transform("size")
    ended = trials.assign(of=cells)[trials["status"] != "done"]
    grouped = ended.groupby([*keys, "status"], observed=True, dropna=False)
    rows = grouped.agg(trials=("trial_id", "size"), of=("of", "first"), why=("why", "first"))
    return rows.reset_index()


def count_incidents(frames: StudyFrames) -> pd.DataFrame:
    """One row per kind of incident around the trials: how often, the last reason."""
    rows = frames.incidents
    grouped = rows.groupby("kind", observed=True)
    return grouped.agg(times=("kind", "size"), last=("reason", "last")).reset_index()
