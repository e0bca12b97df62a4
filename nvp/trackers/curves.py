"""The curves of trials over their epochs, from the tables `epochs` and `layers`. Pure."""

from collections import defaultdict

import numpy as np
import pandas as pd

from nvp.storage.columns import COUNT, HEADS, REAL
from nvp.storage.schema import TABLES, VOLATILE
from nvp.trackers.trial_run import Curve

KEYS = ("task", "epoch")
MEASURED = [
    field.name
    for field in TABLES["epochs"]
    if field.type in (COUNT, REAL) and field.name not in (*KEYS, *VOLATILE["epochs"])
]
NETWORK = "network"  # in place of a layer: all layers
MOST_LAYERS = 8  # of more, layers are shown together by the first part of their path


def collect_curves(epochs: pd.DataFrame, layers: pd.DataFrame) -> dict[str, dict[str, Curve]]:
    """Return {trial: {name: curve}} of what was measured, and of the dead fractions."""
    measured = epochs.melt(["trial_id", "epoch"], MEASURED, "name", "value")
    rows = pd.concat([measured, count_dead(layers)], ignore_index=True).dropna()
    rows = rows[np.isfinite(rows["value"])].sort_values("epoch", kind="stable")
    # at a border between two tasks an epoch is measured twice: the later one counts
    rows = rows.drop_duplicates(["trial_id", "name", "epoch"], keep="last")
    curves: dict[str, dict[str, Curve]] = defaultdict(dict)
    columns = (rows[name].tolist() for name in ("trial_id", "name", "epoch", "value"))
    for trial, name, epoch, value in zip(*columns, strict=True):
        curves[trial].setdefault(name, []).append((epoch, value))
    return curves


def count_dead(layers: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, epoch, curve): dead fraction of kept neurons, in layers and in all.

    A curve is named by the headline definition of death of its layers, and by the layer, as in
    `dead/conv1`; `dead_or_dormant_0025/network` has layers of both kinds. Null where unknown.
    """
    rows = layers[layers["site"] != HEADS]
    kinds = rows["death"].astype("object")
    counts = np.full(len(rows), np.nan)
    for kind in kinds.dropna().unique():
        counts = np.where(kinds == kind, rows[kind].to_numpy(float, na_value=np.nan), counts)
    rows = pd.DataFrame(
        {
            "trial_id": rows["trial_id"].astype("object"),
            "epoch": rows["epoch"],
            "kind": kinds,
            "layer": name_groups(rows),
            "dead": counts,
            "kept": rows["kept"].astype(float),
        }
    )
    kinds_of = rows.groupby("trial_id")["kind"].agg(lambda found: "_or_".join(sorted(set(found))))
    whole = rows.assign(layer=NETWORK, kind=rows["trial_id"].map(kinds_of))
    keys = ["trial_id", "epoch", "kind", "layer"]
    found = pd.concat([rows, whole]).groupby(keys, sort=False, dropna=False)
    sums = found.agg(
        dead=("dead", "sum"), kept=("kept", "sum"), known=("dead", "count"), all=("dead", "size")
    )
    value = sums["dead"] / sums["kept"].where((sums["kept"] > 0) & (sums["known"] == sums["all"]))
    found = value.rename("value").reset_index()
    return found.assign(name=found["kind"] + "/" + found["layer"]).drop(columns=["kind", "layer"])


def name_groups(rows: pd.DataFrame) -> pd.Series:
    """Return the layer of each row; of a trial with many layers, the first part of its path."""
    names = rows["layer"].astype("object")
    count = names.groupby(rows["trial_id"].astype("object")).transform("nunique")
    return names.where(count <= MOST_LAYERS, names.str.partition(".")[0])
