"""Published fractions of dead neurons by layer beside ours; `layer_deaths.csv` has theirs.

Each published row is one network of one seed, so a row says how far apart the two are and calls
nothing reproduced: `inside` counts the layers whose published fraction lies in our interval.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.published import format_cell
from nvp.analysis.statistics.intervals import seed_interval

STUDY = "layer_deaths"
PUBLISHED = Path(__file__).parent / "layer_deaths.csv"
ROW = ["table", "model", "activation", "definition", "epoch"]
WHEN = {0: "before training", 1: "after epoch 1", 12: "after epoch 12"}
WORDS = {"dead": "dead", "negative_side": "never positive"}


def load_published_deaths() -> pd.DataFrame:
    """One row per layer of a published row: ROW, `order` from the input, `published`."""
    return pd.read_csv(PUBLISHED)


def measure_layer_deaths(
    layers: pd.DataFrame, trials: pd.DataFrame, table: pd.DataFrame
) -> pd.DataFrame:
    """One row of `table` each, with n (seeds), mean, low and high of the fraction of the layer.

    Null where no trial is of that network, or its activation has no such definition of death.
    """
    keys = ["model.name", "model.activation", "seed"]
    rows = layers.astype({"trial_id": str})[
        ["trial_id", "depth", "epoch", "kept", "dead", "negative_side"]
    ].merge(trials[["trial_id", *keys]].astype({"trial_id": str}), on="trial_id")
    rows = rows.rename(columns={"model.name": "model", "model.activation": "activation"})
    kinds = [
        rows.assign(definition=name, fraction=rows[name] / rows["kept"])
        for name in table["definition"].unique()
    ]
    own = pd.concat(kinds).rename(columns={"depth": "order"})
    names = ["model", "activation", "definition", "epoch", "order"]
    return table.merge(seed_interval(own, "fraction", names), on=names, how="left")


def compare_layer_deaths(studies: Sequence[StudyFrames]) -> dict[str, Any]:
    """Return what the document shows: {heads, rows, frames of what ran or None} of each table."""
    frames = next((one for one in studies if one.name == STUDY), None)
    table = load_published_deaths()
    if frames is None:
        cells = table.assign(n=0, mean=float("nan"), low=float("nan"), high=float("nan"))
    else:
        done = frames.trials[frames.trials["status"] == "done"]
        layers = frames.all_layers.drop(columns=["seed"], errors="ignore")
        cells = measure_layer_deaths(layers, done, table)
    shown: dict[str, Any] = {
        str(name): [format_network(part) for _, part in own.groupby(ROW, sort=False)]
        for name, own in cells.groupby("table", sort=False)
    }
    return {"tables": shown, "frames": frames}


def format_network(part: pd.DataFrame) -> dict[str, Any]:
    """Return a network's row: what is counted, the published fraction of each layer and ours."""
    first = part.iloc[0]
    cells = [
        format_cell(row["published"], row if row["n"] > 0 else None)
        for row in part.to_dict("records")
    ]
    inside = int(part["published"].between(part["low"], part["high"]).sum())
    return {
        "what": f"{first['activation']}, {WORDS[first['definition']]}, {WHEN[first['epoch']]}",
        "cells": cells,
        "inside": f"{inside} of {len(part)}" if (part["n"] > 0).all() else "not run",
    }
