"""Small multiples and bands, shared by figures."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvp.analysis.style.captions import FEWEST_FOR_BAND

MOST_PANELS = 12
MOST_POINTS = 40  # of a line that are marked one by one


def make_panels(
    figure: Figure, count: int, *, columns: int = 4, sharey: bool = True, sharex: bool = True
) -> list[Axes]:
    """Return `count` panels in rows of at most `columns`; the rest of the last row is empty."""
    rows = count_rows(count, columns=columns)
    wide = count_columns(count, columns=columns)
    axes = figure.subplots(rows, wide, sharex=sharex, sharey=sharey, squeeze=False).ravel()
    for empty in axes[count:]:
        empty.set_visible(False)
    for i in range(count):
        bottom = i + wide >= count
        axes[i].tick_params(labelbottom=bottom or not sharex, labelleft=i % wide == 0 or not sharey)
    return list(axes[:count])


def count_rows(count: int, *, columns: int = 4) -> int:
    """Return how many rows a grid of panels has."""
    return -(-count // min(count, columns))


def count_columns(count: int, *, columns: int = 4) -> int:
    """Return how many panels stand in a row, so that the last row is about as long as others."""
    return -(-count // count_rows(count, columns=columns))


def bottom_panels(panels: list[Axes], *, columns: int = 4) -> list[Axes]:
    """Return the panels with nothing below them."""
    return panels[-count_columns(len(panels), columns=columns) :]


def draw_band(
    axes: Axes, rows: pd.DataFrame, x: str, y: str, *, look: dict[str, Any], limits=(0.0, 1.0)
) -> None:
    """Draw a line and, where low and high are known, a band clipped to `limits` where drawn.

    Of fewer than FEWEST_FOR_BAND seeds intervals are so wide that bands hide each other: each point
    is marked then, and the interval is a bar at the last one. Rows are in the order of `x`.
    """
    steps = look.pop("drawstyle", "default")
    few = len(rows) > 0 and rows["n"].max() < FEWEST_FOR_BAND
    points = {"marker": ".", "ms": 3} if few and not look.get("marker") else {}
    points |= {"marker": ""} if len(rows) > MOST_POINTS and points else {}
    axes.plot(rows[x], rows[y], drawstyle=steps, **dict[str, Any]({"lw": 1.2} | look | points))
    known = rows[rows["low"].notna()]
    if not len(known):
        return
    color = look.get("color")
    if few:
        last = known.iloc[[-1]]
        reach = interval_reach(last, y, limits)
        bar = {"fmt": "none", "ecolor": color, "elinewidth": 0.9, "capsize": 2, "alpha": 0.8}
        axes.errorbar(last[x], last[y], reach, **bar)
        return
    low, high = known["low"].clip(*limits), known["high"].clip(*limits)
    step = "post" if steps == "steps-post" else None
    axes.fill_between(known[x], low, high, color=color, alpha=0.18, linewidth=0, step=step)


def interval_reach(
    rows: pd.DataFrame, value: str, limits: tuple[float, float] | None = None
) -> np.ndarray:
    """Return, 2 x rows, how far an interval reaches below and above a value; 0 where unknown."""
    ends = rows[["low", "high"]].to_numpy(dtype=float)
    ends = np.clip(ends, *limits) if limits else ends
    value_of = rows[value].to_numpy(dtype=float)
    reach = np.stack([value_of - ends[:, 0], ends[:, 1] - value_of])
    return np.nan_to_num(np.maximum(reach, 0))
