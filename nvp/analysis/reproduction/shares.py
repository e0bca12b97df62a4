"""Numbers that claims are about by themselves, not beside another level: a `value` per seed. Pure.

Of trials that are done and unpruned.
"""

import pandas as pd

from nvp.analysis.frames.derive import add_keys, choose_definitions
from nvp.analysis.frames.load import StudyFrames
from nvp.question.question import METHOD, NONE

NEURON = ["trial_id", "layer", "neuron"]


def died_again(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: of the neurons that ever revived, the share that died after it."""
    return share_dying_again(select_unpruned(frames, frames.events))


def died_unforced(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction dead at the end, at the largest learning rate."""
    return measure_dead(select_largest_rate(frames), late=False)


def died_late(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction dead at the end minus half-way, at the largest rate."""
    return measure_dead(select_largest_rate(frames), late=True)


def share_dying_again(events: pd.DataFrame) -> pd.DataFrame:
    """One row per seed with a revival: the share of revived neurons with a later death."""
    own = events[events["event"].isin(["died", "revived"])].astype({"layer": str, "event": str})
    revived = own[own["event"] == "revived"].groupby([*NEURON, "seed"], observed=True)["epoch"]
    died = own[own["event"] == "died"].groupby([*NEURON, "seed"], observed=True)["epoch"]
    first = revived.min().rename("first").reset_index()
    last = died.max().rename("last").reset_index()
    lives = first.merge(last, on=[*NEURON, "seed"], how="left")
    lives = lives.assign(value=(lives["last"] > lives["first"]).astype(float))
    return lives.groupby("seed", as_index=False)["value"].mean()


def measure_dead(layers: pd.DataFrame, *, late: bool) -> pd.DataFrame:
    """One row per seed: the fraction of kept neurons dead at the end, or that minus half-way.

    By the activation's own definition of death.
    """
    definition = choose_definitions(layers)[0]
    whole = layers.groupby(["trial_id", "seed", "epoch"], observed=True)[["kept", definition]].sum()
    fractions = (whole[definition] / whole["kept"]).rename("value").reset_index()
    last = fractions.groupby("trial_id", observed=True)["epoch"].transform("max")
    end = fractions[fractions["epoch"] == last].set_index(["trial_id", "seed"])["value"]
    if late:
        before = fractions[fractions["epoch"] <= last / 2].sort_values("epoch")
        half = before.groupby(["trial_id", "seed"], observed=True)["value"].last()
        end = end - half
    return end.groupby("seed").mean().reset_index()


def select_unpruned(frames: StudyFrames, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of trials that are done and were not pruned, with rate and seed."""
    trials = frames.trials
    own = trials[(trials["status"] == "done") & (trials[METHOD] == NONE)]
    rows = rows[rows["trial_id"].isin(own["trial_id"])]
    return add_keys(rows, own, ["optim.lr", "seed"])


def select_largest_rate(frames: StudyFrames) -> pd.DataFrame:
    """Return the rows of `layers` of undisturbed trials at the largest learning rate."""
    rows = select_unpruned(frames, frames.layers)
    return rows[rows["optim.lr"] == rows["optim.lr"].max()]
