"""The layer-wise pruning rates that NVP published, beside those of networks that never trained.

`layer_rates.csv` has the 20 convolutions of the CIFAR ResNet-18 in torchvision's order, by
our path and by theirs, their weights, and the published rates at a global 30, 60 and 90 % (read
off the figure). Torchvision registers a shortcut behind the two convolutions of its block, as
8th, 13th and 18th; its stem differs (7x7), so that the first rate is of another layer there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.statistics.intervals import seed_interval
from nvp.question.question import METHOD

STUDY = "layer_rates"
PUBLISHED = Path(__file__).parent / "layer_rates.csv"
# an untrained network gives the published profile where both hold
RANKED = 0.95  # Spearman's correlation of the rates, at least
APART = 0.05  # their mean absolute difference, at most
UNTRAINED = {
    "model.name": "resnet18",
    "model.width": 1.0,
    METHOD: "magnitude_weight",
    "prune.schedule": "at_init",
}


def load_published_rates() -> pd.DataFrame:
    """One row per (layer, level): order, torchvision, weights, published."""
    wide = pd.read_csv(PUBLISHED).rename_axis("order").reset_index()
    keys = ["order", "layer", "torchvision", "weights"]
    table = wide.melt(keys, var_name="level", value_name="published")
    return table.astype({"level": float})


def select_untrained(frames: StudyFrames) -> pd.DataFrame:
    """Return the finished trials whose weights were ranked, network-wide, before the first step."""
    rows = frames.trials[frames.trials["status"] == "done"]
    for key, value in UNTRAINED.items():
        rows = rows[rows[key] == value]
    return rows


def measure_layer_rates(
    events: pd.DataFrame, trials: pd.DataFrame, table: pd.DataFrame
) -> pd.DataFrame:
    """One row of `table` each, with n (seeds), mean, low and high of the share pruned at epoch 0.

    A layer without an event of its trial lost no weight. Null where no trial is at the level.
    """
    pruned = events[(events["event"] == "weights_pruned") & (events["epoch"] == 0)]
    counts = pruned.astype({"trial_id": str, "layer": str})[["trial_id", "layer", "count"]]
    known = trials[["trial_id", "seed"]].assign(level=trials["prune.sparsity"])
    rows = known.merge(table, on="level").merge(counts, on=["trial_id", "layer"], how="left")
    rows = rows.assign(rate=rows["count"].fillna(0) / rows["weights"])
    cells = seed_interval(rows, "rate", ["level", "layer"])
    return table.merge(cells, on=["level", "layer"], how="left")


def measure_agreement(rates: pd.DataFrame) -> pd.DataFrame:
    """One row per level: Spearman's and Kendall's correlation, mean |difference|, the verdict.

    `added` is the share of all weights that the published rates add up to, `outside` the number of
    layers whose published rate lies outside our interval.
    """
    rows = []
    for level, part in rates.groupby("level"):
        theirs, ours = part["published"], part["mean"]
        ran = bool(ours.notna().all())
        row: dict[str, Any] = {"level": level, "n": part["n"].min() if ran else 0}
        row["added"] = (theirs * part["weights"]).sum() / part["weights"].sum()
        row["spearman"] = theirs.corr(ours, method="spearman")
        row["kendall"] = theirs.corr(ours, method="kendall")
        row["apart"] = (theirs - ours).abs().mean()
        row["outside"] = int((~theirs.between(part["low"], part["high"])).sum())
        rows.append(row | {"verdict": judge_agreement(row)})
    return pd.DataFrame(rows)


def judge_agreement(row: dict[str, Any]) -> str:
    """Return whether an untrained network gives the published rates, by RANKED and APART."""
    if not row["n"]:
        return "not run"
    alike = row["spearman"] >= RANKED and row["apart"] <= APART
    return "artefact" if alike else "not the rates of an untrained network"


def compare_layer_rates(studies: Sequence[StudyFrames]) -> dict[str, Any]:
    """Return what the document shows: {heads, rows, agreement, frames of what ran or None}."""
    frames = next((one for one in studies if one.name == STUDY), None)
    table = load_published_rates()
    if frames is None:
        rates = table.assign(n=0, mean=float("nan"), low=float("nan"), high=float("nan"))
    else:
        rates = measure_layer_rates(frames.events, select_untrained(frames), table)
    levels = sorted(rates["level"].unique())
    return {
        "heads": [f"{level:.0%}" for level in levels],
        "rows": [format_layer(part) for _, part in rates.sort_values("level").groupby("order")],
        "agreement": measure_agreement(rates).to_dict("records"),
        "frames": frames,
    }


def format_layer(part: pd.DataFrame) -> dict[str, Any]:
    """Return a layer's row: its names and, per level, the published rate and ours."""
    cells = []
    for row in part.to_dict("records"):
        ours = f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" if row["n"] > 0 else "–"
        cells.append(f"{row['published']:.3f} / {ours}")
    first = part.iloc[0]
    return {"layer": first["layer"], "torchvision": first["torchvision"], "cells": cells}
