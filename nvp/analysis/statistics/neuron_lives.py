"""The first life of every neuron: until it died, was pruned, or its trial ended. Pure.

A neuron that died and was pruned at the same point died: a point measures before it prunes.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nvp.analysis.frames.derive import name_stages

DIED, PRUNED, CENSORED = "died", "pruned", "censored"


def find_first_lives(events: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """One row per neuron (trial_id, layer, neuron): `epoch` and `event` that end its first life.

    `event` is died, pruned, or censored at the last measured epoch of its trial. Trials are those
    of `layers`; an event of another trial is left out.
    """
    own = layers[["trial_id", "layer"]].astype(str)
    own = own.assign(epoch=layers["epoch"], dense=layers["dense"], depth=layers["depth"])
    ends = own.groupby("trial_id", sort=False)["epoch"].max()
    units = own.drop_duplicates(["trial_id", "layer"]).sort_values(["trial_id", "depth"])
    widths = units["dense"].to_numpy(dtype=int)
    start = np.cumsum(widths) - widths
    first_neuron = pd.Series(start, index=pd.MultiIndex.from_frame(units[["trial_id", "layer"]]))
    firsts = [
        find_first_epochs(events[events["event"] == event], first_neuron, int(widths.sum()))
        for event in (DIED, PRUNED)
    ]
    died, pruned = firsts
    end = ends.reindex(units["trial_id"]).to_numpy().repeat(widths)
    event = np.select([np.isfinite(died) & (died <= pruned), np.isfinite(pruned)], [0, 1], 2)
    names = pd.Categorical.from_codes(event, categories=[DIED, PRUNED, CENSORED])
    at = np.arange(len(units)).repeat(widths)
    lives = units[["trial_id", "layer", "depth"]].astype({"trial_id": "category"})
    lives = lives.astype({"layer": "category"}).iloc[at].reset_index(drop=True)
    epoch = np.minimum(np.minimum(died, pruned), end).astype(int)
    return lives.assign(neuron=np.arange(len(at)) - start[at], epoch=epoch, event=names)


def drop_born_dead(lives: pd.DataFrame) -> pd.DataFrame:
    """Return the lives of neurons that were alive in the initial network: the others did not die.

    Args:
        lives: a row per neuron, see `find_first_lives`.
    """
    born_dead = (lives["event"] == DIED) & (lives["epoch"] == 0)
    return lives[~born_dead].reset_index(drop=True)


def find_first_epochs(events: pd.DataFrame, first_neuron: pd.Series, count: int) -> np.ndarray:
    """Return per neuron the epoch of its first event; infinity where there is none.

    `first_neuron` is {(trial_id, layer): index of the layer's first neuron}.
    """
    found = np.full(count, np.inf)
    known = events.dropna(subset=["neuron"])
    if len(known):
        keys = known[["trial_id", "layer"]].astype("category")
        codes = keys["trial_id"].cat.codes.to_numpy(dtype=int)
        wide = len(keys["layer"].cat.categories)
        pair = codes * wide + keys["layer"].cat.codes.to_numpy(dtype=int)
        distinct, at = np.unique(pair, return_inverse=True)
        trials = keys["trial_id"].cat.categories.astype(str)[distinct // wide]
        names = keys["layer"].cat.categories.astype(str)[distinct % wide]
        starts = first_neuron.reindex(pd.MultiIndex.from_arrays([trials, names])).to_numpy()[at]
        own = np.isfinite(starts)
        index = starts[own].astype(int) + known["neuron"].to_numpy(dtype=int)[own]
        np.minimum.at(found, index, known["epoch"].to_numpy(dtype=float)[own])
    return found


def count_lives(lives: pd.DataFrame, trials: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per (`by`, seed, epoch): how many neurons died, were pruned or were censored then.

    `by` are columns of `lives` or `trials`. In a deep network `layer` is the stage: `name_stages`.
    """
    table = lives.groupby(["trial_id", "layer", "epoch", "event"], observed=True).size()
    counts = table.unstack("event", fill_value=0).reset_index()
    counts = counts.reindex(columns=[*counts.columns[:3], DIED, PRUNED, CENSORED], fill_value=0)
    counts["layer"] = name_stages(counts["layer"])
    keys = [key for key in dict.fromkeys([*by, "seed"]) if key not in counts.columns]
    known = trials.assign(trial_id=trials["trial_id"].astype(str)).set_index("trial_id")[keys]
    of_trial = known.reindex(counts["trial_id"].astype(str)).set_axis(counts.index)
    counts = pd.concat([counts, of_trial], axis=1)
    grouped = counts.groupby([*by, "seed", "epoch"], observed=True)
    return grouped[[DIED, PRUNED, CENSORED]].sum().reset_index()
