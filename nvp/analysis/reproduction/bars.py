"""The published bars of dead and pruned neurons (read off figures, about), and what they count.

A bar is an artefact where it is a number of something else: the steps of an epoch, or more neurons
than the network has.
"""

from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.published import format_cell, select_published_runs
from nvp.analysis.reproduction.verdict import judge_numbers
from nvp.analysis.statistics.intervals import seed_interval
from nvp.question.question import METHOD, NONE

BARS = Path(__file__).parent / "bars.csv"
CIFAR_IMAGES = 50_000
CHANNELS = 4_800  # of the convolutions of torchvision's ResNet-18
WATCHED = 576  # of its third, sixth, ninth and twelfth, which the released rule sees
NEAR = 0.1  # a bar is a count read off a figure: how far, over the bar, another number may be
LEAST = 0.01 * CHANNELS  # the same of a bar near 0: one channel in a hundred
# figure: our study and its key; the rest of the figures is not of dead neurons
OURS = {
    "batch size": ("batch_size", "data.batch_size"),
    "learning rate": ("learning_rate", "optim.lr"),
    "regularisation": ("regularization", "optim.weight_decay"),
}


def judge_bars(studies: list[StudyFrames]) -> list[dict[str, str]]:
    """Return a row per bar: {figure, level, bar, counts, ours, verdict}."""
    return [
        row | {"figure": bar["figure"], "level": f"{bar['key']} {bar['level']:g}"}
        for bar in pd.read_csv(BARS).to_dict("records")
        for row in (judge_bar(bar, count_dead(studies, bar["figure"], bar["level"])),)
    ]


def judge_bar(bar: dict[str, Any], ours: dict[str, Any]) -> dict[str, str]:
    """Return what a bar counts, our count at the published setting, and the verdict."""
    high = bar["high"]
    text = f"{bar['low']:,}" if bar["low"] == high else f"{bar['low']:,} to {high:,}"
    mine = format_cell(float(high), ours, 0).partition(" / ")[2]
    margin = max(NEAR * high, LEAST)
    verdict = judge_numbers([(float(high), ours, margin)] if ours else [])
    if bar["figure"] == "batch size":
        steps = ceil(CIFAR_IMAGES / int(bar["level"]))
        counts = f"{high / steps:.2f} x the {steps:,} steps of an epoch"
        verdict = "artefact" if abs(high / steps - 1) <= NEAR else verdict
    elif bar["figure"] == "pruned per epoch":
        counts = f"{high / WATCHED:.0%} of {WATCHED} watched channels"
        verdict = "artefact"  # by the released code, see the text of the document
    else:
        counts = f"{high / CHANNELS:.2f} x all {CHANNELS:,} channels"
        verdict = "artefact" if high > CHANNELS else verdict
    return {"bar": text, "counts": counts, "ours": mine, "verdict": verdict}


def count_dead(studies: list[StudyFrames], figure: str, level: float) -> dict[str, Any]:
    """Return our interval of the neurons dead at the end at a level; {} when it was not run."""
    study, key = OURS.get(figure, ("", ""))
    for frames in studies:
        if frames.name != study:
            continue
        done = select_published_runs(frames)
        done = done[(done[METHOD] == NONE) & (done[key] == level)]
        done = done[(done["length"] == "fixed epochs") & (done["optim.l1"] == 0)]
        layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
        last = layers.groupby("trial_id", observed=True)["epoch"].transform("max")
        ends = layers[layers["epoch"] == last].groupby(["trial_id", "seed"], observed=True)
        counts = ends["dead"].sum().reset_index()
        if len(counts):
            cells = seed_interval(counts.assign(all=""), "dead", ["all"])
            return cells.to_dict("records")[0]
    return {}
