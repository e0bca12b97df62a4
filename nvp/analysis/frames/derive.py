"""Frames made from other frames: the numbers that figures show. Pure.

Every function takes frames as `load` makes them and returns one row per thing named in its first
line, and none names a key of a configuration. Fractions are in [0, 1], and null where there was
nothing to count.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

DEATHS = (
    "dead",
    "negative_side",
    "saturated",
    "rare",
    "dormant_0025",
    "dormant_01",
    "low_variance",
)
OWN = ("dead", "negative_side", "saturated")  # each is the death of one family of activations
COMMON = "dormant_0025"  # defined for every activation
MOST_LAYERS = 8
STATES = ("alive", "dead", "masked")


def add_keys(rows: pd.DataFrame, trials: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return `rows` with those columns of `trials` added that they lack, by trial_id."""
    lacking = [key for key in dict.fromkeys(keys) if key not in rows.columns]
    ids = rows["trial_id"].astype("category").cat
    known = trials.set_index("trial_id")[lacking].reindex(ids.categories)
    return pd.concat([rows, known.take(ids.codes).set_axis(rows.index)], axis=1)


def choose_definitions(layers: pd.DataFrame) -> tuple[str, ...]:
    """Return the definitions of death to show: the one that is the activation's own, and COMMON.

    A definition is shown when every row has a value of it, since null is not 0. Where layers differ
    in their activation this leaves COMMON alone.
    """
    own = [name for name in OWN if layers[name].notna().all()]
    return (*own[:1], COMMON)


def choose_headline(layers: pd.DataFrame) -> str:
    """Return the one definition to show where there is room for one: "dead" if all rows have it."""
    return "dead" if layers["dead"].notna().all() else COMMON


def count_dead_at_end(layers: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, definition of death): fraction of kept neurons at its last point.

    `count` and `kept` are sums over all layers; a definition is a column of the table `layers`,
    and null where it does not apply to one of them.
    """
    last = layers.groupby("trial_id", observed=True)["epoch"].transform("max")
    ends = layers[layers["epoch"] == last]
    grouped = ends.groupby("trial_id", observed=True)[[*DEATHS, "kept"]]
    sums = grouped.sum(skipna=False).reset_index()
    rows = sums.melt(["trial_id", "kept"], list(DEATHS), "definition", "count")
    return rows.assign(fraction=rows["count"] / rows["kept"].where(rows["kept"] > 0))


def share_dead_at_end(layers: pd.DataFrame, definition: str) -> pd.Series:
    """Return {trial id: the fraction of kept neurons dead at its last point} by one definition."""
    ends = count_dead_at_end(layers)
    ends = ends[ends["definition"] == definition]
    return ends.set_index(ends["trial_id"].astype(str))["fraction"]


def count_dead_by_stage(layers: pd.DataFrame, definition: str) -> pd.DataFrame:
    """One row per (trial, epoch, layer): fraction of kept neurons dead by one definition.

    In a deep network a row is a stage, see `name_stages`. Null where the definition does not apply.
    """
    return count_dead_by_layer(layers.assign(layer=name_stages(layers["layer"])), definition)


def count_dead_by_layer(layers: pd.DataFrame, definition: str) -> pd.DataFrame:
    """One row per (trial, epoch, layer), each layer by itself: see `count_dead_by_stage`."""
    rows = layers[["trial_id", "epoch", "layer", "depth", "kept", definition]]
    grouped = rows.groupby(["trial_id", "epoch", "layer"], observed=True)
    sums = grouped.agg(depth=("depth", "min"), kept=("kept", "sum"))
    sums = sums.assign(count=grouped[definition].sum(skipna=False))
    fraction = sums["count"] / sums["kept"].where(sums["kept"] > 0)
    return sums.assign(fraction=fraction).reset_index()


def count_masked_at_end(layers: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, layer): fraction of its neurons masked after the last point's pruning."""
    last = layers.groupby("trial_id", observed=True)["epoch"].transform("max")
    ends = layers[layers["epoch"] == last]
    masked = ends["masked"] + ends["pruned"]
    rows = ends[["trial_id", "layer", "depth", "dense"]].assign(masked=masked)
    return rows.assign(fraction=masked / ends["dense"]).reset_index(drop=True)


def name_stages(layers: pd.Series) -> pd.Series:
    """Return the layers, or of more than `MOST_LAYERS` the first part of each module path.

    So `stage1.0.first` and its like are shown together, as `stage1`.
    """
    names = layers.astype(str)
    return names if names.nunique() <= MOST_LAYERS else names.str.partition(".")[0]


def pair_with_reference(
    trials: pd.DataFrame, value: str, *, key: str, reference: str, match: Sequence[str]
) -> pd.DataFrame:
    """One row per trial whose `key` is not `reference`: its value, its partner's, the difference.

    The partner has `key` at `reference` and the same `match` (the swept keys, seed included);
    `reference` and `difference` are null where it is missing.
    """
    match = [name for name in match if name != key]
    partners = trials[trials[key] == reference].groupby(match, as_index=False)[value].mean()
    others = trials[trials[key] != reference]
    rows = others.merge(partners.rename(columns={value: "reference"}), on=match, how="left")
    return rows.assign(difference=rows[value] - rows["reference"])


def replay_life_cycle(events: pd.DataFrame, layers: pd.DataFrame, trial_id: str) -> pd.DataFrame:
    """One row per (layer, neuron, epoch) of one trial: alive, dead or masked after that epoch.

    Reconstructed from the events, for all epochs from the first measured one to the last; dead is
    by the trial's headline definition. `row` orders the neurons by layer, then by first death;
    those that never died come last.
    """
    own = layers[layers["trial_id"] == trial_id].sort_values("depth")
    happened = events[events["trial_id"] == trial_id].astype({"layer": str})
    epochs = np.arange(own["epoch"].min(), own["epoch"].max() + 1)
    widths = own.astype({"layer": str}).groupby("layer", sort=False)["dense"].first()
    neurons = [(layer, neuron) for layer, width in widths.items() for neuron in range(width)]
    index = pd.MultiIndex.from_tuples(neurons, names=["layer", "neuron"])
    dead = replay_switches(happened, index, epochs, on="died", off="revived")
    masked = replay_switches(happened, index, epochs, on="pruned", off="reactivated")
    states = np.select([masked, dead], ["masked", "dead"], "alive")
    died = np.where(dead.any(axis=1), dead.argmax(axis=1), len(epochs))
    depth = index.get_level_values("layer").map({name: i for i, name in enumerate(widths.index)})
    row = np.empty(len(index), dtype=int)
    row[np.lexsort((died, depth))] = np.arange(len(index))
    repeated = index.repeat(len(epochs)).to_frame(index=False)
    return repeated.assign(
        stage=name_stages(repeated["layer"]),
        epoch=np.tile(epochs, len(index)),
        state=states.ravel(),
        row=row.repeat(len(epochs)),
    )


def replay_switches(
    events: pd.DataFrame, index: pd.MultiIndex, epochs: np.ndarray, *, on: str, off: str
) -> np.ndarray:
    """Return, neurons x epochs, whether the last event of the two up to an epoch was `on`.

    Where a border between two tasks was crossed, a neuron may have several at one point: in order.
    """
    own = events[events["event"].isin([on, off])].astype({"neuron": int})
    own = own.drop_duplicates(["layer", "neuron", "epoch"], keep="last")
    flips = own.assign(now=(own["event"] == on).astype(float))
    table = flips.pivot(index=["layer", "neuron"], columns="epoch", values="now")
    return table.reindex(index=index, columns=epochs).ffill(axis=1).fillna(0.0).to_numpy() > 0


def find_liveliest_trial(events: pd.DataFrame, trial_ids: Sequence[str]) -> str:
    """Return which trial has the most events of neurons; the first of them when none has any."""
    counts = events.loc[events["neuron"].notna(), "trial_id"].astype(str).value_counts()
    return max(trial_ids, key=lambda trial_id: counts.get(trial_id, 0))


def sort_levels(values: pd.Series) -> list[Any]:
    """Return the distinct values, sorted; as they come when they cannot be sorted."""
    distinct = list(values.unique())
    try:
        return sorted(distinct)
    except TypeError:
        return distinct
