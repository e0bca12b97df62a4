"""Points and intervals of a value against the levels of a hyperparameter; shared by figures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nvp.analysis import style

MOST_LETTERS = 60  # of all levels, each as long as the longest, beside each other below an axis
DODGE = 0.5  # of the distance between two levels, what all hues together take


def draw_effect(
    axes: Axes,
    frame: pd.DataFrame,
    value: str,
    *,
    x: str,
    hue: str,
    limits: tuple[float, float],
    orders: Mapping[str, list[Any]] | None = None,
) -> None:
    """Draw one line with intervals, and the raw points beside it, per level of `hue`.

    Requires `with_interval` of `value` by `x` and `hue`. Levels are evenly spaced, and hues are
    dodged, so that none hides another. Intervals are clipped to `limits` here, where drawn.
    `orders` are the levels of both keys; without, they are sorted. No line joins names.
    """
    orders = orders or {key: sorted(frame[key].unique()) for key in (x, hue)}
    levels, hues = orders[x], orders[hue]
    line = "" if any(isinstance(level, str) for level in levels) else "-"
    position = {one: i for i, one in enumerate(levels)}
    color, marker = style.assign_colors(hues), style.assign_markers(hues)
    for i, one in enumerate(hues):
        rows = frame[frame[hue] == one]
        offset = DODGE * ((i + 0.5) / len(hues) - 0.5)
        # the points of a cell stand side by side, right of its mean
        rank = rows["seed"].rank(method="dense").to_numpy() - 1
        beside = 0.07 + 0.08 * rank / max(rank.max(), 1)
        at = rows[x].map(position).to_numpy(dtype=float) + offset
        axes.scatter(
            at + beside,
            rows[value],
            s=8,
            color=color[one],
            alpha=0.6,
            lw=0,
            zorder=3,
            clip_on=False,
        )
        cells = rows.drop_duplicates(x).sort_values(x, key=lambda column: column.map(position))
        at = cells[x].map(position).to_numpy(dtype=float) + offset
        look = {"color": color[one], "marker": marker[one], "ms": 4, "ls": line}
        axes.plot(at, cells["mean"], zorder=4, clip_on=False, **look)
        known = cells["low"].notna().to_numpy()
        low, high = cells[["low", "high"]].clip(*limits).to_numpy()[known].T
        mean = cells["mean"].to_numpy()[known]
        spans = np.maximum([mean - low, high - mean], 0)
        axes.errorbar(
            at[known], mean, spans, fmt="none", ecolor=color[one], elinewidth=1, capsize=2
        )
    name_levels(axes, x, levels)


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


def hue_handles(axes: Axes, hue: str, hues: list) -> list:
    """Return the legend's entries of the lines that `draw_effect` draws."""
    color, marker = style.assign_colors(hues), style.assign_markers(hues)
    return [
        axes.plot(
            [], [], color=color[one], marker=marker[one], ms=4, label=style.level_name(hue, one)
        )[0]
        for one in hues
    ]
