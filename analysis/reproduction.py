"""docs/reproduction.md: `python -m analysis.reproduction PLACE... --out docs/reproduction.md`.

Every claim of `analysis/claims.py` and every number of `analysis/reference.csv` in a row, with what
the tables of the given places say of it. A number that was not measured is never filled in.
"""

import argparse
import logging
import sys
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from analysis.claim import ran, rows_of
from analysis.claims import CLAIMS
from analysis.load import StudyFrames, load
from analysis.place import studies_at
from analysis.stats import seed_interval

REFERENCE = Path(__file__).parent / "reference.csv"
# about, read off the figure: dead neurons by batch size, DNR-Pruning's BS.png
BATCH_BARS = {16: 3121, 32: 1567, 64: 777, 128: 389, 256: 182}
CIFAR_IMAGES = 50_000


def all_frames(places: list[str]) -> list[StudyFrames]:
    """Return every preset of every study of the places that has a finished trial."""
    found = []
    for place in places:
        for study, presets in studies_at(place).items():
            for preset in presets:
                try:
                    found.append(load(place, study, preset))
                except ValueError as error:
                    logging.warning("%s", error)
    return found


def numbers(studies: list[StudyFrames]) -> list[dict[str, Any]]:
    """Return the published accuracies: {table, levels, rows of method and cells}."""
    reference = pd.read_csv(REFERENCE, dtype={"run": str}).fillna({"run": ""})
    tables = []
    for name, part in reference.groupby("table", sort=False):
        levels = sorted(part["level"].unique())
        shown = []
        for (method, run), cells in part.groupby(["method", "run"], sort=False):
            published = dict(zip(cells["level"], cells["value"], strict=True))
            ours = measured(studies, str(name), run)
            shown.append(
                {
                    "method": method,
                    "run": run or "not built",
                    "cells": [cell(published.get(level), ours.get(level)) for level in levels],
                }
            )
        tables.append({"name": name, "levels": [f"{level:.0%}" for level in levels], "rows": shown})
    return tables


def measured(studies: list[StudyFrames], table: str, method: str) -> dict[float, str]:
    """Return {sparsity: our accuracy} at the published setting only; {} when it was not run."""
    study = "neuron_sparsity" if "neuron" in table else "weight_sparsity"
    study = "imagenet" if "ImageNet" in table else study
    for frames in studies:
        if frames.name != study or frames.preset != "paper" or "Leaky" in table:
            continue
        done = frames.trials[frames.trials["status"] == "done"]
        done = done[(done["prune.method"] == method) & (done["model.width"] == 1.0)]
        if "data.images" in done and (done["data.images"] > 0).any():
            continue
        cells = seed_interval(done, "test_accuracy", ["prune.sparsity"]).to_dict("records")
        return {
            row["prune.sparsity"]: f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            for row in cells
        }
    return {}


def cell(published: float | None, ours: str | None) -> str:
    """Return a published number and ours beside it; a dash where there is none."""
    if published is None:
        return ""
    return f"{published:.3f} / {ours or '–'}"


def batch_bars() -> list[dict[str, str]]:
    """Return the published bars of dead neurons beside the steps of an epoch."""
    return [
        {
            "batch": str(batch),
            "bar": f"{bar:,}",
            "steps": f"{ceil(CIFAR_IMAGES / batch):,}",
            "ratio": f"{bar / ceil(CIFAR_IMAGES / batch):.2f}",
        }
        for batch, bar in BATCH_BARS.items()
    ]


def main(argv: list[str] | None = None) -> int:
    """Write the document; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", metavar="PLACE", help="storage places of studies")
    parser.add_argument("--out", default="docs/reproduction.md", metavar="FILE")
    arguments = parser.parse_args(argv)
    studies = all_frames(arguments.places)
    environment = Environment(
        loader=PackageLoader("analysis", "."), trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template("reproduction.md.j2").render(
        claims=[row for claim in CLAIMS for row in rows_of(claim, studies)],
        tables=numbers(studies),
        bars=batch_bars(),
        studies=[(frames.name, frames.preset, ran(frames)) for frames in studies],
    )
    Path(arguments.out).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{arguments.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
