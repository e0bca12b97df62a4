"""The comparisons that a study was made for: paired by seed, corrected, and put into words."""

from typing import Any

import pandas as pd

from analysis import style
from analysis.derive import dead_at_end, definitions, with_keys
from analysis.load import StudyFrames
from analysis.question import Question
from analysis.stats import paired_difference, with_holm

COLUMNS = ["value", "contrast", "n", "mean", "low", "high", "p", "p_holm", "verdict"]


def answer(frames: StudyFrames, question: Question) -> pd.DataFrame:
    """One row per comparison: the dead fraction between the ends of x, and what pruning costs.

    A row per level of hue and quantity: n (pairs of a seed), mean difference, its 95 % t-interval,
    p, p_holm (over all rows of the table) and the verdict.
    """
    x, hue = question.x, question.hue
    trials = frames.trials
    done = trials[trials["status"] == "done"]
    low, high = min(trials[x]), max(trials[x])
    ends = with_keys(dead_at_end(frames.layers), trials, [x, hue, "seed", "prune.method", "status"])
    ends = ends[(ends["status"] == "done") & (ends["prune.method"] == "none")]
    groups = sorted(trials[hue].unique())
    parts = []
    for definition in definitions(frames.layers) if low != high else ():
        rows = ends[ends["definition"] == definition]
        rows = paired_difference(rows, "fraction", key=x, levels=(low, high), by=hue, groups=groups)
        contrast = f"{style.level(x, high)} minus {style.value_text(low)}"
        parts.append(rows.assign(value=definition, contrast=contrast))
    rows = paired_difference(
        done[done[x] == high],
        "test_accuracy",
        key="prune.method",
        levels=("none", "dead"),
        by=hue,
        groups=groups,
    )
    contrast = f"pruned minus unpruned at {style.level(x, high)}"
    parts.append(rows.assign(value="test_accuracy", contrast=contrast))
    table = with_holm(pd.concat(parts, ignore_index=True))
    return table.assign(verdict=[verdict(row) for row in table.to_dict("records")])[[hue, *COLUMNS]]


def verdict(row: dict[str, Any]) -> str:
    """Return what a comparison may be said to show; no winner when its interval covers 0."""
    if row["n"] == 0:
        return "no pair of finished trials"
    if row["n"] == 1:
        return "one pair, so no interval"
    if row["low"] <= 0 <= row["high"]:
        return "no winner"
    if pd.isna(row["p"]):
        return "all pairs alike, so no test"
    if row["p_holm"] > 0.05:
        return "no winner after Holm's correction"
    return "more" if row["mean"] > 0 else "less"


def sentences(table: pd.DataFrame, question: Question) -> list[str]:
    """Return the answer as lines: a heading per quantity, a line per level of hue."""
    lines = ["Paired by seed; 95 % t-interval of the difference; p by Holm over all lines."]
    for (value, contrast), rows in table.groupby(["value", "contrast"], sort=False):
        lines.append(f"{style.label(str(value))}, {contrast}:")
        lines += [
            f"  {style.level(question.hue, row[question.hue])}: {numbers(row)}"
            for row in rows.to_dict("records")
        ]
    return lines


def numbers(row: dict[str, Any]) -> str:
    """Return the numbers of one comparison and its verdict."""
    if row["n"] == 0:
        return row["verdict"]
    pairs = f"{row['n']} pair" + ("s" if row["n"] > 1 else "")
    text = f"{row['mean']:+.3f}"
    if row["n"] > 1:
        text += f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    p = "" if pd.isna(row["p_holm"]) else f", p = {row['p_holm']:.2g}"
    return f"{text} ({pairs}{p}): {row['verdict']}"
