"""Every objective against every key that was searched: where good values lie, and the ends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvp.analysis import style
from nvp.analysis.frames.derive import sort_levels
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import count_columns, count_rows
from nvp.analysis.plots.panels.log_axis import space_decades
from nvp.analysis.plots.search.config_table import write_value
from nvp.analysis.plots.search.marks import (
    BEST,
    OTHER,
    bad_handles,
    draw_bad,
    find_bad,
    label_response,
    make_room,
    scale_values,
)
from nvp.analysis.searches.asked_trials import name_null
from nvp.analysis.searches.captions import bounds_caption, ranked_caption
from nvp.analysis.searches.searched import Searched, read_searched
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.style.captions import join_captions
from nvp.config.space import Axis, Grid, Range
from nvp.question.question import Question

COLUMNS, MOST = 4, 12  # panels in a row, keys
SPREAD = 0.5  # of the distance between two names, what all of their points together take
ROOM = 24  # characters of the numbers below a panel
LONG = 22  # characters that fit below one of COLUMNS panels; more are written slanted


def draw_searched_values(frames: StudyFrames, question: Question) -> Drawing:
    """Return each objective against each key, the best configurations marked."""
    searched = read_searched(frames)
    keys = [key for key in searched.keys if searched.cells[key].notna().any()][:MOST]
    if not keys:
        raise NothingToDraw("expected a key that was searched, got none")
    frame = list_values(searched, keys)
    applies = searched.cells[keys].notna().all(axis=None)
    text = join_captions(
        ranked_caption(searched),
        "Dotted: the ends of what was searched."
        if any(isinstance(searched.plan.axes.get(key), Range) for key in keys)
        else "",
        "" if applies else "A key is shown for the configurations to which it applies.",
        f"The first {MOST} of {len(searched.keys)} keys." if len(searched.keys) > MOST else "",
        "At the lower edge: configurations that have no mean." if len(find_bad(searched)) else "",
        bounds_caption(searched),
    )
    return Drawing(plot_searched_values(searched, frame, keys, text=text), frame)


def list_values(searched: Searched, keys: Sequence[str]) -> pd.DataFrame:
    """One row per (objective, configuration that is ranked): keys, n, mean, interval, `best`.

    `best` marks the best configuration; of several objectives, those on the front.
    """
    names = list(searched.plan.objectives)
    best = searched.front if len(names) > 1 else searched.ranked[:1]
    own = searched.responses[searched.responses["response"].isin(names)]
    own = own[own["configuration"].isin(searched.ranked)].rename(columns={"response": "objective"})
    rows = own.merge(searched.cells[list(keys)], left_on="configuration", right_index=True)
    return rows.assign(best=rows["configuration"].isin(best)).reset_index(drop=True)


def plot_searched_values(
    searched: Searched, frame: pd.DataFrame, keys: Sequence[str], *, text: str
) -> Figure:
    """Draw rows of panels for each objective, a panel per key. Requires `list_values`."""
    signs = searched.plan.signs
    rows, columns = (
        count_rows(len(keys), columns=COLUMNS),
        count_columns(len(keys), columns=COLUMNS),
    )
    width = style.COLUMN if columns == 1 else style.PAGE
    figure = style.new_figure(width, 1.1 + 1.95 * rows * len(signs))
    panels = figure.subplots(rows * len(signs), columns, sharey="row", squeeze=False)
    for i, (name, sign) in enumerate(signs.items()):
        own = panels[i * rows : (i + 1) * rows].ravel()
        for axes in own[len(keys) :]:
            axes.set_visible(False)
        for j, (axes, key) in enumerate(zip(own, keys, strict=False)):
            draw_key(axes, searched, frame[frame["objective"] == name], key)
            scale_values(axes, frame.loc[frame["objective"] == name, "mean"], "y")
            if j % columns == 0:
                if len(find_bad(searched)):
                    make_room(axes)
                axes.set_ylabel(label_response(name, sign))
    best = "on the front" if len(signs) > 1 else "the best"
    handles = [
        Line2D([], [], ls="", marker="o", ms=5, mew=0, color=BEST, label=best),
        Line2D([], [], ls="", marker="o", ms=3.5, mew=0, color=OTHER, label="others"),
        *bad_handles(searched),
    ]
    style.write_legend(figure, handles, [str(one.get_label()) for one in handles])
    style.write_note(figure, text)
    return figure


def draw_key(axes: Axes, searched: Searched, rows: pd.DataFrame, key: str) -> None:
    """Draw one objective against one key."""
    axis = searched.plan.axes.get(key)
    bad = find_bad(searched).dropna(subset=[key])
    rows = rows.dropna(subset=[key])
    every = [*rows[key], *bad[key]]
    if is_numeric(axis, every):
        at, at_bad = rows[key].astype(float).to_numpy(), bad[key].astype(float).to_numpy()
        scale_key(axes, axis)
    else:
        levels = order_names(axis, every)
        at, at_bad = place_names(rows[key], levels), place_names(bad[key], levels)
        name_levels(axes, key, levels)
    for best, color, size in ((False, OTHER, 11), (True, BEST, 24)):
        own = (rows["best"] == best).to_numpy(dtype=bool)
        axes.scatter(
            at[own], rows["mean"][own], s=size, color=color, lw=0, alpha=0.85, zorder=3 + best
        )
    draw_bad(axes, at_bad.tolist(), bad["state"].tolist())
    label = style.short_label(key)
    axes.set_xlabel(".\n".join(key.rsplit(".", 1)) if label == key and len(key) > LONG else label)


def is_numeric(axis: Axis | None, values: Sequence[Any]) -> bool:
    """Whether a key has a scale: it is a range, or nothing says what it is and it is numbers."""
    if axis is not None:
        return isinstance(axis, Range)
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def scale_key(axes: Axes, axis: Axis | None) -> None:
    """Give a panel the range of its axis, with its ends, and its logarithm where it has one."""
    axes.locator_params(axis="x", nbins=5)
    if not isinstance(axis, Range):
        return
    low, high = float(axis.low), float(axis.high)
    if axis.log:
        margin = (high / low) ** 0.05
        axes.set_xlim(low / margin, high * margin)
        space_decades(axes, room=ROOM)
    else:
        margin = 0.05 * (high - low)
        axes.set_xlim(low - margin, high + margin)
    for end in (low, high):
        axes.axvline(end, color="0.5", lw=0.8, ls=":", zorder=1)


def order_names(axis: Axis | None, values: Sequence[Any]) -> list[Any]:
    """Return the levels of a key that has no scale, in the order of its axis."""
    planned = [name_null(value) for value in axis.values] if isinstance(axis, Grid) else []
    more = [value for value in values if value not in planned]  # of other plans
    return planned + sort_levels(pd.Series(more, dtype=object))


def place_names(values: pd.Series, levels: Sequence[Any]) -> np.ndarray:
    """Return where the points of a key without a scale stand: side by side at their level."""
    places = np.array([levels.index(value) for value in values], dtype=float)
    for place in np.unique(places):
        own = places == place
        count = int(own.sum())
        places[own] += SPREAD * ((np.arange(count) + 0.5) / count - 0.5)
    return places


def name_levels(axes: Axes, key: str, levels: Sequence[Any]) -> None:
    """Label the x axis with the levels of a key; long names are slanted."""
    names = [write_value(one, key) for one in levels]
    panels = axes.get_subplotspec()
    wide = LONG * COLUMNS / panels.get_gridspec().ncols if panels else LONG
    slanted = sum(len(name) + 2 for name in names) > wide
    look = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(range(len(levels)), names, **look)
    axes.set_xlim(-0.5, len(levels) - 0.5)
