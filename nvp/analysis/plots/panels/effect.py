"""Points and intervals of a value against the levels of a hyperparameter; shared by figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nvp.analysis import style
from nvp.analysis.plots.panels.grid import interval_reach
from nvp.analysis.plots.panels.looks import Looks

MOST_LETTERS = 60  # of all levels, each as long as the longest, beside each other below an axis
DODGE = 0.5  # of the distance between two levels, what all hues together take


@dataclass(frozen=True)
class Crossing:
    """Which two keys a figure crosses, and what their levels look like.

    Attributes:
        x: the key of the axis.
        levels: its levels, in their order.
        hue: the other key.
        looks: what the levels of the other key look like, in their order.
        colors: of the levels of `x`, where they have the colours; else the looks' colours count.
    """

    x: str
    levels: list[Any]
    hue: str
    looks: Looks
    colors: Mapping[Any, str] = field(default_factory=dict)

    def color(self, level: Any, one: Any) -> str:
        """Return the colour of a level of `x` and one of the other key."""
        return self.colors.get(level) or self.looks[one]["color"]


def draw_effect(
    axes: Axes, frame: pd.DataFrame, value: str, *, crossing: Crossing, limits: tuple[float, float]
) -> None:
    """Draw a mean with its interval, and the raw points beside it, per pair of levels.

    Requires `with_interval` of `value` by both keys. Levels are evenly spaced, and those of the
    other key are dodged, so that none hides another. Intervals are clipped to `limits` here, where
    drawn. A line joins numbers, never names.
    """
    x, hues = crossing.x, list(crossing.looks)
    joined = not any(isinstance(level, str) for level in crossing.levels)
    position = {one: i for i, one in enumerate(crossing.levels)}
    for i, one in enumerate(hues):
        rows = frame[frame[crossing.hue] == one]
        offset = DODGE * ((i + 0.5) / len(hues) - 0.5)
        cells = rows.drop_duplicates(x).sort_values(x, key=lambda column: column.map(position))
        at = cells[x].map(position).to_numpy(dtype=float) + offset
        if joined:
            line = "0.6" if crossing.colors else crossing.looks[one]["color"]
            axes.plot(at, cells["mean"], color=line, zorder=2, clip_on=False)
        places = rows[x].map(position).to_numpy(dtype=float) + offset
        own = [crossing.color(level, one) for level in rows[x]]
        draw_raw(axes, rows, value, at=places, colors=own)
        colors = [crossing.color(level, one) for level in cells[x]]
        marker = crossing.looks[one]["marker"]
        axes.scatter(
            at, cells["mean"], s=18, c=colors, marker=marker, lw=0, zorder=4, clip_on=False
        )
        known = cells["low"].notna().to_numpy()
        reach = interval_reach(cells[known], "mean", limits)
        for place, middle, ends, color in zip(
            at[known], cells["mean"][known], reach.T, np.array(colors)[known], strict=True
        ):
            bar: dict[str, Any] = {"fmt": "none", "ecolor": color, "elinewidth": 1, "capsize": 2}
            axes.errorbar([place], [middle], ends[:, None], **bar)
    name_levels(axes, x, crossing.levels)


def draw_raw(
    axes: Axes, rows: pd.DataFrame, value: str, *, at: np.ndarray, colors: list[str]
) -> None:
    """Draw the values of single seeds, side by side, right of their mean."""
    rank = rows["seed"].rank(method="dense").to_numpy() - 1
    beside = 0.07 + 0.08 * rank / max(rank.max(), 1) if len(rank) else rank
    look = {"s": 8, "alpha": 0.6, "lw": 0, "zorder": 3, "clip_on": False}
    axes.scatter(at + beside, rows[value], c=colors, **look)


def name_levels(axes: Axes, x: str, levels: list) -> None:
    """Label the x axis with the levels, and say so when their spacing is not theirs."""
    gaps = np.diff(levels) if all(isinstance(one, int | float) for one in levels) else np.zeros(1)
    uneven = "" if np.allclose(gaps, gaps[:1]) else "\n(levels evenly spaced)"
    names = [style.value_text(one, x) for one in levels]
    long = len(names) * max(map(len, names)) > MOST_LETTERS
    aslant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor", "fontsize": 7}
    axes.set_xticks(range(len(levels)), names, **aslant if long else {})
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_xlabel(style.axis_label(x) + uneven)


def hue_handles(crossing: Crossing) -> list[Line2D]:
    """Return the legend's entries of the other key's levels that `draw_effect` draws."""
    line = "" if any(isinstance(level, str) for level in crossing.levels) else "-"
    return [
        Line2D(
            [],
            [],
            color="0.35" if crossing.colors else look["color"],
            marker=look["marker"],
            ls=line,
            ms=4,
            label=style.level_name(crossing.hue, one),
        )
        for one, look in crossing.looks.items()
    ]
