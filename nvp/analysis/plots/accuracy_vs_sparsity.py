"""Test accuracy against the sparsity that removing dead neurons reaches, and what it cost."""

from itertools import zip_longest
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvp.analysis import style
from nvp.analysis.frames.derive import pair_with_reference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.effect import Crossing, draw_effect, hue_handles
from nvp.analysis.plots.panels.looks import choose_looks
from nvp.analysis.plots.panels.sparsity_axis import spread_sparsity
from nvp.analysis.selection.chosen_trials import order_levels, select_finished
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.statistics.intervals import with_interval
from nvp.analysis.style.captions import (
    interval_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import METHOD, NONE, Question

DEAD = "dead"  # the method whose cost is drawn: it prunes the neurons that died


def draw_accuracy_vs_sparsity(frames: StudyFrames, question: Question) -> Drawing:
    """Return the figure of the pruned trials and their unpruned partners: what pruning costs."""
    x, hue = question.x, question.hue
    select_finished(frames.trials, DEAD)
    shown = frames.trials[frames.trials[METHOD].isin([DEAD, NONE])]
    done = shown[shown["status"] == "done"]
    match = dict.fromkeys([*frames.swept, x, hue])
    rows = pair_with_reference(done, "test_accuracy", key=METHOD, reference=NONE, match=list(match))
    frame = with_interval(rows, "difference", [x, hue])
    frame = frame[
        ["trial_id", *match, "sparsity", "test_accuracy", "reference", "difference"]
        + ["n", "mean", "low", "high"]
    ]
    pairs = frame["difference"].notna().any()
    text = join_captions(
        "Filled: a pruned trial; hollow: its unpruned partner of the same seed.",
        interval_caption(frame, center="Right, line") if pairs else "No partner has finished.",
        trials_caption(frames, shown),
        noise_caption(frames, [x, hue]),
        pooled_caption(frames, [x, hue, METHOD]),
    )
    levels = order_levels(frames, x, frame)
    colors = {one: look["color"] for one, look in choose_looks(frames, x, levels).items()}
    looks = choose_looks(frames, hue, order_levels(frames, hue, frame))
    crossing = Crossing(x=x, levels=levels, hue=hue, looks=looks, colors=colors)
    return Drawing(plot_accuracy_vs_sparsity(frame, crossing=crossing, text=text), frame)


def plot_accuracy_vs_sparsity(frame: pd.DataFrame, *, crossing: Crossing, text: str) -> Figure:
    """Draw test accuracy against sparsity, and beside it the paired difference against a key.

    Requires the rows of `pair_with_reference`, with intervals of the difference by both keys.
    """
    figure = style.new_figure(style.PAGE, 3.2)
    partners, pruned, cost = figure.subplots(1, 3, width_ratios=[0.3, 1, 1.2])
    partners.sharey(pruned)
    draw_trials(partners, pruned, frame, crossing)
    known = frame[frame["difference"].notna()]
    if known.empty:
        cost.text(0.5, 0.5, "no finished pair", transform=cost.transAxes, ha="center", va="bottom")
        cost.set(xticks=[], yticks=[])
    else:
        draw_effect(cost, known, "difference", crossing=crossing, limits=(-1.0, 1.0))
        cost.axhline(0, color="0.6", lw=0.8, zorder=1)
    cost.set_ylabel(style.axis_label("difference").replace(", ", "\n"))  # too long for the height
    write_two_rows(figure, crossing)
    style.write_note(figure, text)
    return figure


def draw_trials(partners: Axes, pruned: Axes, frame: pd.DataFrame, crossing: Crossing) -> None:
    """Draw a filled marker per pruned trial, and in a strip beside it a hollow one per partner."""
    levels, hues = crossing.levels, list(crossing.looks)
    for (level, one), rows in frame.groupby([crossing.x, crossing.hue]):
        color, marker = crossing.color(level, one), crossing.looks[one]["marker"]
        look = {"marker": marker, "s": 16, "linewidths": 0.8, "clip_on": False, "zorder": 3}
        pruned.scatter(rows["sparsity"], rows["test_accuracy"], color=color, alpha=0.8, **look)
        column = levels.index(level) + 0.4 * (hues.index(one) - (len(hues) - 1) / 2)
        at = [column] * len(rows)
        partners.scatter(at, rows["reference"], facecolors="none", edgecolors=color, **look)
    partners.set_xticks([])
    partners.set_xlim(-0.7, len(levels) - 0.3)
    partners.set_xlabel("unpruned\npartners")
    partners.set_ylabel(style.axis_label("test_accuracy"))
    pruned.tick_params(labelleft=False)
    pruned.set_xlim(left=0)
    spread_sparsity(pruned, frame["sparsity"])
    pruned.set_xlabel(style.upright_label("sparsity"))


def level_handles(crossing: Crossing) -> list[Line2D]:
    """Return the legend's entries of the levels that have the colours."""
    look: dict[str, Any] = {"ls": "", "marker": "o", "ms": 4}
    return [
        Line2D([], [], color=color, label=style.value_text(one, crossing.x), **look)
        for one, color in crossing.colors.items()
    ]


def write_two_rows(figure: Figure, crossing: Crossing) -> None:
    """Write a legend of two rows: what the colours are, and below it what the markers are.

    Both rows begin with the name of their key, so that their entries stand in the same columns.
    """
    markers = hue_handles(crossing)
    for one, handle in zip(crossing.looks, markers, strict=True):
        handle.set(label=style.value_text(one, crossing.hue), linestyle="")
    rows = [
        [Line2D([], [], ls="", label=f"{style.plain_label(key)}:"), *handles]
        for key, handles in ((crossing.x, level_handles(crossing)), (crossing.hue, markers))
    ]
    blank = Line2D([], [], ls="", label=" ")
    pairs = zip_longest(*rows, fillvalue=blank)  # a legend fills its columns first
    handles = [entry for pair in pairs for entry in pair]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles) // 2)
