"""Dead fraction over the epochs, layer by layer: small multiples by two hyperparameters."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys, choose_headline, count_dead_by_stage
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import draw_band
from nvp.analysis.selection.chosen_trials import (
    ends_caption,
    find_fixed_keys,
    keep_common_levels,
    order_levels,
    select_finished,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.statistics.intervals import with_interval
from nvp.analysis.style.captions import (
    band_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import METHOD, NONE, Question


def draw_dead_over_epochs(frames: StudyFrames, question: Question) -> Drawing:
    """Return the figure of the unpruned trials: where in the network, and when, neurons die."""
    x, hue = question.x, question.hue
    unpruned = frames.trials[frames.trials[METHOD] == NONE]
    done = keep_common_levels(select_finished(frames.trials, NONE), [x, hue], frames.swept)
    layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
    definition = choose_headline(layers)
    rows = add_keys(count_dead_by_stage(layers, definition), done, [x, hue, "seed"])
    frame = with_interval(rows, "fraction", [x, hue, "layer", "epoch"])
    text = join_captions(
        band_caption(frame),
        selection_caption(frames, done, [x, hue]),
        ends_caption(done),
        trials_caption(frames, unpruned),
        noise_caption(frames, [x, hue]),
        pooled_caption(frames, [x, hue, *find_fixed_keys(frames, done, [x, hue])]),
    )
    frame = frame.assign(definition=definition)
    orders = {key: order_levels(frames, key, frame) for key in (x, hue)}
    return Drawing(plot_dead_over_epochs(frame, x=x, hue=hue, orders=orders, text=text), frame)


def plot_dead_over_epochs(
    frame: pd.DataFrame, *, x: str, hue: str, orders: dict[str, list], text: str
) -> Figure:
    """Draw fraction against epoch, one line and band per layer; columns are `x`, rows `hue`.

    Requires the rows of `count_dead_by_stage`, with intervals by `x`, `hue`, layer and epoch, and
    with the definition of death.
    """
    columns, rows = orders[x], orders[hue]
    layers = list(frame.sort_values("depth")["layer"].astype(str).unique())
    figure = style.new_figure(style.PAGE, 1.15 + 1.4 * len(rows))
    # limits by hand: what shares them is asked for them at every tick
    panels = figure.subplots(len(rows), len(columns), squeeze=False)
    high = min(1.0, 1.05 * frame[["mean", "high"]].max(axis=None)) or 1.0
    first, last = frame["epoch"].min(), frame["epoch"].max()
    margin = 0.02 * max(last - first, 1)
    cells = dict(list(frame.assign(layer=frame["layer"].astype(str)).groupby([hue, x, "layer"])))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            own = {layer: cells.get((row, column, layer)) for layer in layers}
            draw_layers(panels[i, j], own)
            panels[i, j].set(xlim=(first - margin, last + margin), ylim=(0, high))
            panels[i, j].label_outer()
            if i == 0:
                panels[i, j].set_title(style.level_name(x, column))
        panels[i, 0].set_ylabel(style.level_name(hue, row))
    for axes in panels[-1]:
        axes.set_xlabel(style.axis_label("epoch"))
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=min(len(layers), 8))
    figure.supylabel(style.upright_label(frame["definition"].iloc[0]), fontsize=8, ma="center")
    style.write_note(figure, text)
    return figure


def draw_layers(axes: Axes, cells: Mapping[str, pd.DataFrame | None]) -> None:
    """Draw one panel: a line and a band per layer, the band clipped to [0, 1] where drawn."""
    color = style.color_layers(list(cells))
    for layer, cell in cells.items():
        look: dict[str, Any] = {"color": color[layer], "label": style.layer_name(layer)}
        if cell is None:
            axes.plot([], [], lw=1.2, **look)
            continue
        rows = cell.drop_duplicates("epoch").sort_values("epoch")
        draw_band(axes, rows, "epoch", "mean", look=look)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
