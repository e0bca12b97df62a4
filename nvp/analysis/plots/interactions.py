"""Two keys at once: the mean of every cell with its interval, as colour and as text."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import choose_headline
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.responses import add_responses
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    order_levels,
    select_comparable,
    select_rows,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.effects import estimate_effects
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.captions import (
    count_seeds,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import Question

ROOM = 0.6  # inches of a cell that holds an interval


def draw_interactions(frames: StudyFrames, question: Question) -> Drawing:
    """Return the cells of x and hue: the dead fraction and the test accuracy."""
    x, hue = question.x, question.hue
    keys = [x, hue]
    trials = select_comparable(frames, keys)
    orders = {key: order_levels(frames, key, trials) for key in keys}
    for key, levels in orders.items():
        if len(levels) < 2:
            raise NothingToDraw(f"expected two levels of {key}, got {levels[0]!r} alone")
    layers = select_rows(frames.layers, trials)
    rows = add_responses(trials, layers, select_rows(frames.events, trials))
    shown = dict.fromkeys(
        name
        for name in (choose_headline(layers), "test_accuracy")
        if name in rows.attrs["responses"]
    )
    if not shown:
        raise NothingToDraw("expected trials that differ in deaths or accuracy, got none")
    cells = [seed_interval(rows, name, keys).assign(response=name) for name in shown]
    tests = estimate_effects(rows, keys, list(shown))
    pair = tests[tests["term"] == ":".join(keys)].drop_duplicates("response")
    frame = pd.concat(cells, ignore_index=True).merge(
        pair[["response", "p_term", "note"]], on="response", how="left"
    )
    known = frame["low"].notna().any()
    text = join_captions(
        f"A cell: mean{' and 95 % t-interval' if known else ''} over {count_seeds(frame)}"
        f"{'' if known else ', so no interval'}.",
        "p: F-test that the two effects add up." if frame["p_term"].notna().any() else "",
        selection_caption(frames, trials, keys),
        trials_caption(frames, select_shown(frames, keys)),
        noise_caption(frames, keys),
        pooled_caption(frames, [*keys, *find_fixed_keys(frames, trials, keys)]),
    )
    return Drawing(plot_interactions(frame, x=x, hue=hue, orders=orders, text=text), frame)


def plot_interactions(
    frame: pd.DataFrame, *, x: str, hue: str, orders: dict[str, list], text: str
) -> Figure:
    """Draw a heat map per response, `x` across and `hue` down.

    Requires means with intervals by response, `x` and `hue`, and p_term of the pair.
    """
    shown = list(frame["response"].unique())
    beside = cell_width(orders[x], orders[hue], style.PAGE / len(shown)) >= ROOM
    size = (1, len(shown)) if beside else (len(shown), 1)
    width = cell_width(orders[x], orders[hue], style.PAGE / size[1])
    down = 0.75 + 0.33 * len(orders[hue]) + (0.0 if width >= ROOM else 0.5)
    figure = style.new_figure(style.PAGE, 0.75 + size[0] * down)
    panels = figure.subplots(*size, squeeze=False).ravel()
    for axes, response in zip(panels, shown, strict=True):
        rows = frame[frame["response"] == response]
        draw_cells(axes, rows, x=x, hue=hue, orders=orders, whole=width >= ROOM)
        p = rows["p_term"].iloc[0]
        test = "" if pd.isna(p) else f"\ninteraction: p {'< 0.001' if p < 0.001 else f'= {p:.2g}'}"
        axes.set_title(style.axis_label(response) + test)
    style.write_note(figure, text)
    return figure


def cell_width(across: list, down: list, width: float) -> float:
    """Return how wide a cell is, in inches, in a panel with its labels."""
    names = max(len(style.value_text(level)) for level in down)
    return (width - 0.4 - 0.06 * names) / len(across)


def draw_cells(
    axes: Axes, rows: pd.DataFrame, *, x: str, hue: str, orders: dict[str, list], whole: bool
) -> None:
    """Draw one heat map, light is much, empty is no trial; `whole`: cells with their intervals."""
    table = rows.pivot(index=hue, columns=x, values="mean")
    table = table.reindex(index=orders[hue], columns=orders[x])
    values = table.to_numpy(dtype=float)
    axes.imshow(values, cmap=style.HEAT, aspect="auto", interpolation="nearest")
    low, high = np.nanmin(values), np.nanmax(values)
    colors = colormaps[style.HEAT]
    for row in rows.to_dict("records"):
        share = (row["mean"] - low) / (high - low) if high > low else 0.0
        red, green, blue, _ = colors(share)
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        position = orders[x].index(row[x]), orders[hue].index(row[hue])
        said = cell_text(row) if whole else f"{row['mean']:.2f}"
        look = {"ha": "center", "va": "center", "fontsize": 6, "linespacing": 1.1}
        axes.text(*position, said, color="white" if dark else "black", **look)
    axes.set_xticks(range(len(orders[x])), [style.value_text(one, x) for one in orders[x]])
    axes.set_yticks(range(len(orders[hue])), [style.value_text(one, hue) for one in orders[hue]])
    axes.tick_params(length=0)
    if not whole:
        axes.tick_params(axis="x", labelrotation=60)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(style.axis_label(x))
    axes.set_ylabel(style.axis_label(hue))


def cell_text(row: dict[str, Any]) -> str:
    """Return a cell's mean, and on a second line its interval, clipped to [0, 1]; "" for none."""
    mean = f"{row['mean']:.3f}"
    if pd.isna(row["low"]):
        return mean
    low, high = max(row["low"], 0.0), min(row["high"], 1.0)
    return f"{mean}\n[{low:.2f}, {high:.2f}]"
