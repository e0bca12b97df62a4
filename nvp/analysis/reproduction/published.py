"""Published accuracies by sparsity beside ours.

Ours only at the published setting: a smaller run says nothing of a number.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.verdict import judge_numbers
from nvp.analysis.statistics.intervals import seed_interval
from nvp.question.question import METHOD

HERE = Path(__file__).parent
SOURCES = {
    "ResNet-18, CIFAR-10, neuron sparsity": "Explainable Pruning, figure 2 of its repository, 2024",
    "ResNet-18, CIFAR-10, weight sparsity": "Explainable Pruning, figure 3 of its repository, 2024",
    "ResNet-18 with LeakyReLU, CIFAR-10, neuron sparsity": "the same, figure 5",
    "ResNet-18 with LeakyReLU, CIFAR-10, weight sparsity": "the same, figure 4",
}
READ = 0.005  # a number read off a figure is known no better
# that, and as much again: theirs is the best epoch by test accuracy, ours the last one
MARGIN = 2 * READ


def load_reference() -> pd.DataFrame:
    """Return the published accuracies: table, method, run (ours; "" = not built), level, value."""
    return pd.read_csv(HERE / "reference.csv", dtype={"run": str}).fillna({"run": ""})


def compare_accuracies(studies: list[StudyFrames]) -> list[dict[str, Any]]:
    """Return the published accuracies: {table, source, levels, rows of method, cells, verdict}."""
    tables = []
    for name, part in load_reference().groupby("table", sort=False):
        levels = sorted(part["level"].unique())
        shown = []
        for (method, run), cells in part.groupby(["method", "run"], sort=False):
            published = dict(zip(cells["level"], cells["value"], strict=True))
            ours = measure_accuracies(studies, str(name), run)
            pairs = [
                (published[level], ours[level], MARGIN) for level in published if level in ours
            ]
            row = {"method": method, "run": run or "not built", "verdict": judge_numbers(pairs)}
            texts = [format_cell(published.get(level), ours.get(level)) for level in levels]
            shown.append(row | {"cells": texts})
        heads = [f"{level:.0%}" for level in levels]
        tables.append({"name": name, "source": SOURCES[str(name)], "levels": heads, "rows": shown})
    return tables


def measure_accuracies(
    studies: list[StudyFrames], table: str, method: str
) -> dict[float, dict[str, Any]]:
    """Return {sparsity: our interval} at the published setting only; {} when it was not run."""
    study = "neuron_sparsity" if "neuron" in table else "weight_sparsity"
    for frames in studies:
        if frames.name == study and "Leaky" not in table:
            done = select_published_runs(frames)
            cells = seed_interval(done[done[METHOD] == method], "test_accuracy", ["prune.sparsity"])
            if len(cells):
                return {row["prune.sparsity"]: row for row in cells.to_dict("records")}
    return {}


def select_published_runs(frames: StudyFrames) -> pd.DataFrame:
    """Return the finished trials of the published preset with the whole network and data."""
    done = frames.trials[frames.trials["status"] == "done"]
    if frames.preset != "paper":
        return done.iloc[:0]
    images = done.get("data.images", pd.Series(0, done.index)).fillna(0)
    return done[(done["model.width"] == 1.0) & (images == 0)]


def format_cell(published: float | None, ours: dict[str, Any] | None, digits: int = 3) -> str:
    """Return a published number and our interval beside it; a dash where there is none."""
    if published is None or pd.isna(published):
        return ""
    mine = "–"
    if ours:
        mean, low, high = (f"{ours[name]:,.{digits}f}" for name in ("mean", "low", "high"))
        mine = f"{mean} [{low}, {high}]" if ours["n"] > 1 else f"{mean}, one seed"
    return f"{published:.{digits}f} / {mine}"
