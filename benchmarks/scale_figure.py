"""Draw what `benchmarks.scale --table` wrote: `python -m benchmarks.scale_figure TABLE FOLDER`."""

import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style

LOSSES = {"repeated": "repeated", "starting": "processes starting", "driver away": "driver away"}


def losses(table: pd.DataFrame) -> pd.DataFrame:
    """Return the fraction of GPU time lost, a row per replay, a column per reason."""
    names = [
        f"{preempted:.0%} of nodes an hour,\n{restarts} restarts of the driver"
        for preempted, restarts in zip(
            table["nodes preempted an hour"], table["driver restarts"], strict=True
        )
    ]
    return table[list(LOSSES)].rename(columns=LOSSES).set_axis(names)


def draw(table: pd.DataFrame) -> Figure:
    """Return the figure: a bar per replay, stacked by reason."""
    frame = losses(table)
    figure = style.new_figure(style.PAGE, 2.6)
    axes = figure.subplots()
    left = pd.Series(0.0, index=frame.index)
    for reason, color in style.assign_colors(list(frame)).items():
        axes.barh(frame.index, frame[reason], left=left, color=color, label=reason)
        left = left + frame[reason]
    axes.invert_yaxis()
    axes.set_xlabel("GPU time that did not train towards a finished trial (fraction)")
    axes.legend(loc="upper right")
    style.write_note(
        figure,
        "One replay each of 10,000 trials on 1,000 simulated GPUs with the real planner; until no "
        "trial waits for a GPU (the free GPUs of the end are left out).",
    )
    return figure


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:])
    found = pd.read_csv(source)
    with style.paper_style():
        style.save_figure(draw(found), folder, "scale", found)
