"""The quick studies of a GPU against those of a CPU: do their comparisons point the same way?"""

from pathlib import Path

import pandas as pd

from nvp import load
from nvp.analysis.answers.answer import answer

KEYS = ["value", "contrast", "at"]


def compare_directions(gpu: Path, cpu: Path) -> pd.DataFrame:
    """Return one row per comparison that both have: study, what, both differences, the verdict.

    Args:
        gpu: where the quick studies of the GPU are.
        cpu: where those of a CPU are; a study that is not there has no rows.
    """
    names = sorted(file.parent.parent.name for file in gpu.glob("*/quick/study.json"))
    parts = [
        compare_study(name, gpu, cpu)
        for name in names
        if (cpu / name / "quick" / "study.json").exists()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def compare_study(name: str, gpu: Path, cpu: Path) -> pd.DataFrame:
    """Return the comparisons of one study, side by side."""
    sides = [answer(load(str(place), name, "quick")) for place in (gpu, cpu)]
    both = sides[0].merge(sides[1], on=KEYS, suffixes=("_gpu", "_cpu"))
    verdicts = [judge_direction(row) for row in both.to_dict("records")]
    return both[[*KEYS, "mean_gpu", "mean_cpu"]].assign(study=name, direction=verdicts)


def judge_direction(row: dict) -> str:
    """Return `same` or `opposite`; `undecided` where an interval holds 0, on either device."""
    signs = []
    for side in ("gpu", "cpu"):
        low, high = row[f"low_{side}"], row[f"high_{side}"]
        if not (low > 0 or high < 0):
            return "undecided"
        signs.append(low > 0)
    return "same" if signs[0] == signs[1] else "opposite"
