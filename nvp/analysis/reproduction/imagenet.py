"""The published table of ResNet-50 on ImageNet beside ours, at the published setting only."""

from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.published import format_cell, select_published_runs
from nvp.analysis.reproduction.verdict import judge_numbers
from nvp.analysis.statistics.intervals import seed_interval
from nvp.question.question import METHOD, NONE

TABLE = Path(__file__).parent / "imagenet.csv"
MARGIN = 0.01  # of fractions: the table states whole percents, and spreads up to as much
MARGIN_OF_TIME = 0.05  # other machines: a twentieth of the dense time
# column of TABLE: head, what it is in our tables ("": not measured)
IMAGENET = {
    "top1": ("top-1", "test_accuracy"),
    "neuron": ("neurons gone", "sparsity"),
    "weight": ("weights gone", "weight_sparsity"),
    "time": ("time", "relative_seconds"),
    "train_flops": ("train operations", ""),
    "infer_flops": ("inference operations", "relative_flops"),
}


def compare_imagenet(studies: list[StudyFrames]) -> dict[str, Any]:
    """Return the published table of ResNet-50 on ImageNet, ours beside it: {heads, rows}."""
    table = pd.read_csv(TABLE, dtype={"run": str}).fillna({"run": ""})
    trials = [
        add_relative_costs(select_published_runs(frames))
        for frames in studies
        if frames.name == "imagenet"
    ]
    trials = [rows for rows in trials if len(rows)]
    shown = []
    for row in table.to_dict("records"):
        ours = (
            measure_method(trials[0], row["run"], row["sparsity"]) if trials and row["run"] else {}
        )
        pairs = [
            (row[name], ours[mine], MARGIN_OF_TIME if name == "time" else MARGIN)
            for name, (_, mine) in IMAGENET.items()
            if mine in ours and pd.notna(row[name])
        ]
        texts = [format_cell(row[name], ours.get(mine), 4) for name, (_, mine) in IMAGENET.items()]
        if pd.notna(row["spread"]):
            texts[0] = texts[0].replace(" /", f" ± {row['spread']:.4f} /", 1)
        named = {"method": row["method"], "run": row["run"] or "not built"}
        target = f"{row['sparsity']:.0%}" if row["sparsity"] else "dense"
        shown.append(named | {"target": target, "cells": texts, "verdict": judge_numbers(pairs)})
    return {"heads": [head for head, _ in IMAGENET.values()], "rows": shown}


def add_relative_costs(trials: pd.DataFrame) -> pd.DataFrame:
    """Return trials with their time over the unpruned ones' and the operations that remain."""
    dense = trials.loc[trials[METHOD] == NONE, "seconds"].mean()
    remaining = trials["flops_left"] / trials["flops"]
    return trials.assign(relative_seconds=trials["seconds"] / dense, relative_flops=remaining)


def measure_method(trials: pd.DataFrame, method: str, sparsity: float) -> dict[str, dict[str, Any]]:
    """Return {column: interval} of a method at a sparsity; {} when it was not run."""
    rows = trials[trials[METHOD] == method]
    if method != NONE:
        rows = rows[rows["prune.sparsity"] == sparsity]
    columns = [mine for _, mine in IMAGENET.values() if mine]
    found = {name: seed_interval(rows.assign(all=""), name, ["all"]) for name in columns}
    return {name: cells.to_dict("records")[0] for name, cells in found.items() if len(cells)}
