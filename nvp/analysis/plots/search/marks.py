"""Colours and marks of the figures of a search."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from nvp.analysis import style
from nvp.analysis.searches.captions import BETTER, STATE_NAMES
from nvp.analysis.searches.searched import TEST, Searched

BEST, TRIAL, OTHER = style.PALETTE[0], "0.72", "0.55"
# of configurations that have no mean: marker and colour
BAD: dict[str, dict[str, Any]] = {
    "failed": {"marker": "x", "color": style.PALETTE[3]},
    "diverged": {"marker": "x", "color": style.PALETTE[4]},
    "censored": {"marker": "v", "color": style.PALETTE[1]},
}
WIDE = 100.0  # times: values that spread further are drawn on a logarithmic axis
WRAP = 22  # characters of a line of an axis label
REACH = 0.4  # of the range of values: how far an interval is drawn beyond them
ROOM = 0.08  # of the height of a panel
LARGE = 10_000  # from here on numbers are written as 12 k


def find_bad(searched: Searched) -> pd.DataFrame:
    """Return the configurations that failed, diverged or were stopped early."""
    return searched.cells[searched.cells["state"].isin(list(BAD))]


def draw_bad(axes: Axes, at: Sequence[float], states: Sequence[str]) -> None:
    """Draw configurations without a mean along the lower edge, by what became of them."""
    if not len(at):
        return
    for state, look in BAD.items():
        x = [one for one, own in zip(at, states, strict=True) if own == state]
        edge = axes.get_xaxis_transform()
        axes.plot(x, [0.03] * len(x), ls="", ms=4, mew=0.9, mfc="none", transform=edge, **look)


def make_room(axes: Axes) -> None:
    """Lower the lower edge of a panel, so that what `draw_bad` draws is on no point."""
    transform = axes.yaxis.get_transform()
    low, high = transform.transform(axes.get_ylim())
    axes.set_ylim(bottom=float(transform.inverted().transform([low - ROOM * (high - low)])[0]))


def bad_handles(searched: Searched) -> list[Line2D]:
    """Return the legend's entries of what `draw_bad` draws of a search."""
    there = set(searched.cells["state"])
    return [
        Line2D([], [], ls="", ms=4, mew=0.9, label=STATE_NAMES[state], mfc="none", **look)
        for state, look in BAD.items()
        if state in there
    ]


def scale_values(axes: Axes, values: pd.Series, which: str) -> None:
    """Make an axis ("x" or "y") of a response logarithmic where its values spread far.

    Large numbers are written with a prefix: 12 k, 1.5 M.
    """
    known = values.dropna().astype(float)
    if known.empty:
        return
    axis = axes.xaxis if which == "x" else axes.yaxis
    if known.min() > 0 and known.max() / known.min() > WIDE:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    if known.abs().max() >= LARGE:
        axis.set_major_formatter(EngFormatter(sep=""))


def label_response(name: str, sign: int | None) -> str:
    """Return the axis label of a response and which way is better; the test is not searched."""
    way = BETTER[sign] if sign else "not searched" if name == TEST else ""
    parts = style.axis_label(name).replace(" (", "\n(").split("\n")
    return "\n".join(fill(part, WRAP) for part in [*parts, way] if part)


def limit_values(axes: Axes, which: str, values: pd.Series, ends: pd.DataFrame) -> None:
    """End an axis ("x" or "y") where values end, and cut intervals that reach much further.

    A logarithmic axis stays as it is. No objective is below 0, so no axis is by much.

    Args:
        axes: the panel.
        which: of its axes.
        values: that are to be seen.
        ends: their intervals, `low` and `high`.
    """
    low, high = values.min(), values.max()
    scale = axes.get_xscale() if which == "x" else axes.get_yscale()
    if scale == "log" or not high > low:
        return
    reach, edge = REACH * (high - low), 0.08 * (high - low)
    least = max(np.nanmin([low, ends["low"].min()]), low - reach, min(low, 0.0)) - edge
    most = min(np.nanmax([high, ends["high"].max()]), high + reach) + edge
    (axes.set_xlim if which == "x" else axes.set_ylim)(least, most)
