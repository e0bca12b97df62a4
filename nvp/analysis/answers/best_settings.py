"""The settings of a study with the best validation accuracy, and how sure their order is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from nvp.analysis.frames.derive import choose_headline, share_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.searches.comparison import compare_with_best, tabulate_seeds
from nvp.analysis.statistics.intervals import seed_interval

MOST = 10
CHOSEN_BY = ("mean_task_accuracy", "val_accuracy", "test_accuracy")  # the first that is there
SHOWN = ("mean_task_accuracy", "val_accuracy", "test_accuracy", "sparsity", "weight_sparsity")
BEHIND = ["behind", "behind_low", "behind_high"]


@dataclass(frozen=True)
class BestSettings:
    """Settings of a study, best first.

    Attributes:
        keys: that tell settings apart.
        by: the column whose mean over seeds sorts them.
        total: how many settings have a finished trial.
        responses: what is told of each: columns of `trials`, and a definition of death.
        table: a row for each of the MOST best: the keys, `n` seeds, of each response its mean, and
            its interval as NAME_low and NAME_high; `behind`, by how much it is worse than the
            first one, paired by seed, with its interval; `apart`, whether that is sure.
    """

    keys: list[str]
    by: str
    total: int
    responses: list[str]
    table: pd.DataFrame


def rank_settings(frames: StudyFrames) -> BestSettings | None:
    """Return the settings with the best means over seeds; None with less than two to rank."""
    keys = [key for key in frames.swept if key != "seed"]
    done = frames.trials[frames.trials["status"] == "done"]
    known = [name for name in CHOSEN_BY if name in done and done[name].notna().any()]
    if not keys or not known:
        return None
    done = done.assign(configuration=done.groupby(keys, observed=True, dropna=False).ngroup())
    means = done.groupby("configuration")[known[0]].mean().dropna()
    order = means.sort_values(ascending=False, kind="stable").index.tolist()
    if len(order) < 2:
        return None
    done, death = add_deaths(frames, done)
    responses = [name for name in (*SHOWN, *death) if name in done and is_told(done[name])]
    first = done.drop_duplicates("configuration").set_index("configuration")[keys]
    parts = [first, *(average_response(done, name) for name in responses)]
    lead = compare_with_best(tabulate_seeds(done, known[0], order), 1).set_index("configuration")
    lead = lead[["mean", "low", "high", "apart"]].set_axis([*BEHIND, "apart"], axis=1)
    counts = done.groupby("configuration")["seed"].nunique().rename("n")
    table = pd.concat([*parts, counts, lead], axis=1).loc[order[:MOST]]
    return BestSettings(keys, known[0], len(order), responses, table.reset_index(drop=True))


def add_deaths(frames: StudyFrames, done: pd.DataFrame) -> tuple[pd.DataFrame, Sequence[str]]:
    """Return the trials with the fraction of dead neurons at their end, and that column's name."""
    layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
    if layers.empty:
        return done, ()
    death = choose_headline(layers)
    fraction = share_dead_at_end(layers, death)
    return done.assign(**{death: done["trial_id"].map(fraction)}), (death,)


def is_told(values: pd.Series) -> bool:
    """Whether a response says something: known, and not 0 everywhere."""
    return bool(values.notna().any() and (values.fillna(0) != 0).any())


def average_response(done: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the mean and the interval of a response for each configuration."""
    rows = seed_interval(done, name, ["configuration"]).set_index("configuration")
    return rows[["mean", "low", "high"]].set_axis([name, f"{name}_low", f"{name}_high"], axis=1)
