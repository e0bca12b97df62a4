"""Numbers that claims are about by themselves, not beside another level: a `value` per seed. Pure.

Of trials that are done and unpruned.
"""

import pandas as pd

from nvp.analysis.frames.derive import add_keys, choose_definitions
from nvp.analysis.frames.load import StudyFrames
from nvp.question.question import METHOD, NONE

NEURON = ["trial_id", "layer", "neuron"]
FEWEST_REVIVED = 10  # of a seed: a share of fewer says nothing


def died_again(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: of the neurons that had revived by half of training, who died after it.

    One that revives at the end has no time left to die in. A seed of fewer than FEWEST_REVIVED has
    no row.
    """
    half = frames.trials.set_index(frames.trials["trial_id"].astype(str))["epochs"] / 2
    rows = share_dying_again(select_unpruned(frames, frames.events), half)
    return rows.loc[rows["count"] >= FEWEST_REVIVED, ["seed", "value"]]


def died_unforced(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction dead at the end, at the largest learning rate."""
    return measure_dead(select_largest_rate(frames), late=False)


def died_late(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction dead at the end minus half-way, at the largest rate."""
    return measure_dead(select_largest_rate(frames), late=True)


def born_dead_by_depth(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction born dead without normalisation, deepest minus shallowest.

    None where a study has one depth, or no trial without normalisation.
    """
    done = frames.trials[frames.trials["status"] == "done"].dropna(subset=["born_dead"])
    bare = done[done["model.norm"] == NONE]
    born = bare.assign(value=bare["born_dead"] / bare["neurons"])
    means = born.groupby(["model.depth", "seed"])["value"].mean().unstack("model.depth")
    if means.shape[1] < 2:
        return pd.DataFrame(columns=pd.Index(["seed", "value"]))
    depths = sorted(means.columns)
    return (means[depths[-1]] - means[depths[0]]).dropna().rename("value").reset_index()


def lost_plasticity(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the loss of plasticity of trials without a remedy."""
    own = select_untreated(frames).dropna(subset=["plasticity_loss"])
    return own.groupby("seed")["plasticity_loss"].mean().rename("value").reset_index()


def died_over_tasks(frames: StudyFrames) -> pd.DataFrame:
    """One row per seed: the fraction dead after the last task minus after the first, untreated."""
    own = select_untreated(frames)
    rows = add_keys(frames.layers[frames.layers["trial_id"].isin(own["trial_id"])], own, ["seed"])
    ends = rows[rows["epoch"] == rows.groupby(["trial_id", "task"])["epoch"].transform("max")]
    sums = ends.groupby(["seed", "trial_id", "task"])[["dead", "kept"]].sum()
    fractions = (sums["dead"] / sums["kept"]).groupby("trial_id")
    grown = (fractions.last() - fractions.first()).rename("value").reset_index()
    return add_keys(grown, own, ["seed"]).groupby("seed")["value"].mean().reset_index()


def select_untreated(frames: StudyFrames) -> pd.DataFrame:
    """Return the trials that are done, of several tasks, without a remedy."""
    done = frames.trials[frames.trials["status"] == "done"]
    return done[(done["remedy.name"] == NONE) & (done["data.tasks"] > 1)]


def share_dying_again(events: pd.DataFrame, until: pd.Series) -> pd.DataFrame:
    """One row per seed with a revival: the share of revived neurons with a later death; `count`.

    Args:
        events: with the seeds of their trials.
        until: {trial id: the last epoch at which a first revival counts}.
    """
    own = events[events["event"].isin(["died", "revived"])].astype({"layer": str, "event": str})
    revived = own[own["event"] == "revived"].groupby([*NEURON, "seed"], observed=True)["epoch"]
    died = own[own["event"] == "died"].groupby([*NEURON, "seed"], observed=True)["epoch"]
    first = revived.min().rename("first").reset_index()
    last = died.max().rename("last").reset_index()
    limits = first["trial_id"].astype(str).map(until).astype(float)
    first = first[first["first"] <= limits]
    lives = first.merge(last, on=[*NEURON, "seed"], how="left")
    lives = lives.assign(value=(lives["last"] > lives["first"]).astype(float))
    return lives.groupby("seed")["value"].agg(value="mean", count="size").reset_index()


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
