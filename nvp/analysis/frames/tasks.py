"""Frames of tasks, learned one after another: a row per task of a trial, at its end. Pure."""

from collections.abc import Sequence

import pandas as pd

from nvp.analysis.frames.derive import add_keys, choose_definitions, pair_with_reference

TASK, REMEDY, FRESH = "data.task", "remedy.name", "fresh"
ACCURACIES = ("task_accuracy", "online_accuracy")
DUPLICATE = "duplicate"  # of `layers`, where it was asked for
RANK = "effective_rank"
TO_FRESH = "to_fresh"  # an accuracy less that of a fresh network


def have_tasks(trials: pd.DataFrame) -> bool:
    """Whether some of the trials learn tasks one after another."""
    return TASK in trials and trials[TASK].fillna("none").ne("none").any()


def select_task_ends(epochs: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, task) that ended: the point at its end, of rows that know their task."""
    return epochs[epochs[list(ACCURACIES)].notna().any(axis=1)]


def measure_vitality(epochs: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, task, measure): dead, dormant and duplicate neurons, and the rank.

    At the end of each task, before the pruning of its last point, on its own probe. Fractions are
    of the kept neurons of all layers; the rank is of the last layer's features. `measure` is a
    column of `layers` or `epochs`, and `value` what it was.
    """
    keys = ["trial_id", "task", "epoch"]
    ends = select_task_ends(epochs)[[*keys, RANK]].astype({"trial_id": str})
    rows = layers.astype({"trial_id": str})
    names = [*choose_definitions(layers), *([DUPLICATE] if has_values(layers, DUPLICATE) else [])]
    sums = rows.groupby(keys)[[*names, "kept"]].sum(min_count=1).reset_index()
    found = ends.merge(sums, on=keys)
    shares = found[names].div(found["kept"].where(found["kept"] > 0), axis=0)
    found = found[[*keys, RANK]].join(shares)
    return found.melt(keys, [*names, RANK], "measure", "value").dropna(subset=["value"])


def has_values(frame: pd.DataFrame, column: str) -> bool:
    """Whether a frame has a column with a value in it."""
    return column in frame and frame[column].notna().any()


def pair_with_fresh(
    ends: pd.DataFrame, trials: pd.DataFrame, value: str, swept: Sequence[str]
) -> pd.DataFrame:
    """One row per (trial, task) of another remedy than `fresh`: value less that of the fresh one.

    The fresh trial has the same seed and the same other swept keys, settings of remedies left out,
    since it reads none. `difference` is null where it is missing.

    Args:
        ends: as `select_task_ends` returns them.
        trials: with the swept keys.
        value: an accuracy, a column of `ends`.
        swept: keys that tell the trials apart, seed included.
    """
    match = [key for key in swept if not key.startswith("remedy.")]
    rows = add_keys(ends[["trial_id", "task", value]], trials, [REMEDY, *swept])
    return pair_with_reference(
        rows, value, key=REMEDY, reference=FRESH, match=[*dict.fromkeys([*match, "seed"]), "task"]
    )
