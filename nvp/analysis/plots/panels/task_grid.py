"""Lines over tasks, shared by figures: a panel per measure, a line and a band per level."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.tasks import RANK, REMEDY, TASK, TO_FRESH, have_tasks
from nvp.analysis.plots.panels.grid import draw_band
from nvp.analysis.plots.panels.looks import Looks
from nvp.analysis.selection.chosen_trials import select_comparable
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.question.question import Question

FEW = 25  # tasks that are marked one by one
MOST_ROWS = 4
FRACTION = (0.0, 1.0)
LIMITS = {RANK: (0.0, inf), TO_FRESH: (-1.0, 1.0)}  # of measures that are no fractions


@dataclass(frozen=True)
class Split:
    """What a figure over tasks is split by: a line per level of a key, a row per one of another.

    Attributes:
        line: the key of the lines.
        row: the key of the rows of panels; "" = one row.
    """

    line: str
    row: str = ""

    @property
    def keys(self) -> list[str]:
        """Return both keys that there are."""
        return [key for key in (self.line, self.row) if key]


def choose_split(frames: StudyFrames, question: Question) -> Split:
    """Return how to split a figure: remedies are lines, kinds of tasks rows, else x and hue are."""
    swept = [key for key in frames.swept if key != "seed"]
    asked = [key for key in (question.x, question.hue) if key in swept]
    lines = [key for key in (REMEDY, *asked, *swept) if key in swept and key != TASK]
    line = lines[0] if lines else question.x
    rows = [key for key in (TASK, *asked) if key in swept and key != line]
    return Split(line, rows[0] if rows else "")


def select_with_tasks(frames: StudyFrames, split: Split) -> pd.DataFrame:
    """Return the trials that are done and learn tasks.

    Raises:
        NothingToDraw: there is none.
    """
    if not have_tasks(frames.trials):
        raise NothingToDraw("expected trials with tasks (data.task), got none")
    trials = select_comparable(frames, split.keys)
    trials = trials[trials[TASK] != "none"]
    if trials.empty:
        raise NothingToDraw("expected a finished trial with tasks (data.task), got none")
    return trials


def plot_over_tasks(
    frame: pd.DataFrame,
    *,
    split: Split,
    orders: dict[str, list[Any]],
    measures: Sequence[str],
    looks: Looks,
    text: str,
) -> Figure:
    """Draw each measure against the task, a column of panels each; a line and a band per level.

    Args:
        frame: rows of (measure, task, levels of the split) with mean, low and high.
        split: its keys.
        orders: their levels.
        measures: in the order of the columns.
        looks: of the lines' levels.
        text: of the note.
    """
    rows = orders[split.row][:MOST_ROWS] if split.row else [None]
    width = style.PAGE if len(measures) > 1 else style.COLUMN
    figure = style.new_figure(width, 1.0 + 1.75 * len(rows))
    panels = figure.subplots(len(rows), len(measures), sharex=True, squeeze=False)
    for i, level in enumerate(rows):
        own = frame if level is None else frame[frame[split.row] == level]
        for j, measure in enumerate(measures):
            axes, shown = panels[i, j], frame[frame["measure"] == measure]
            possible = LIMITS.get(measure, FRACTION)
            draw_lines(axes, own[own["measure"] == measure], split.line, looks, possible)
            axes.set_ylim(*find_limits(shown, possible))
            if (shown["mean"] < 0).any():
                axes.axhline(0, color="0.6", lw=0.6, zorder=0)
            if i == 0:
                axes.set_title(style.short_label(measure))
            axes.tick_params(labelbottom=i == len(rows) - 1)
        if level is not None:
            panels[i, 0].set_ylabel(style.level_name(split.row, level))
    for axes in panels[-1]:
        axes.set_xlabel(style.axis_label("task"))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    style.write_legend(figure, *panels[0, 0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure


def draw_lines(
    axes: Axes,
    rows: pd.DataFrame,
    key: str,
    looks: Looks,
    possible: tuple[float, float],
) -> None:
    """Draw a line over the tasks for each level of a key, its band within what is possible."""
    for level, look in looks.items():
        own = rows[rows[key] == level].sort_values("task")
        marked = look | ({"ms": 3} if len(own) <= FEW else {"marker": ""})
        label = {"label": style.level_name(key, level)}
        draw_band(axes, own, "task", "mean", look=marked | label, limits=possible)


def find_limits(rows: pd.DataFrame, possible: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of a panel: those of its lines, and of their bands where these are near.

    Args:
        rows: with mean, low and high.
        possible: the least and the largest value that there can be.
    """
    low, high = rows["mean"].min(), rows["mean"].max()
    reach = max(high - low, 0.02)
    low = max(rows[["mean", "low"]].min(axis=None), low - reach)
    high = min(rows[["mean", "high"]].max(axis=None), high + reach)
    space = 0.05 * (high - low)
    return max(low - space, possible[0] - space), min(high + space, possible[1] + space)
