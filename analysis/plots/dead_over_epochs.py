"""Dead fraction over the epochs, layer by layer: small multiples by two hyperparameters."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import style
from analysis.captions import (
    caption,
    interval_caption,
    left_out_caption,
    noise_caption,
    pooled_caption,
)
from analysis.chosen import crossed, ends_caption, fixed, levels_in, watched_caption
from analysis.derive import dead_by_layer, headline, with_keys
from analysis.load import StudyFrames
from analysis.question import Drawing, Question, finished
from analysis.stats import with_interval


def dead_over_epochs(frames: StudyFrames, question: Question) -> Drawing:
    """Return the figure of the unpruned trials: where in the network, and when, neurons die."""
    x, hue = question.x, question.hue
    unpruned = frames.trials[frames.trials["prune.method"] == "none"]
    done = crossed(finished(frames.trials, "none"), [x, hue], frames.swept)
    layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
    definition = headline(layers)
    rows = with_keys(dead_by_layer(layers, definition), done, [x, hue, "seed"])
    frame = with_interval(rows, "fraction", [x, hue, "layer", "epoch"])
    text = caption(
        interval_caption(frame).replace("interval", "band", 1),
        watched_caption(frames, done, [x, hue]),
        ends_caption(done),
        left_out_caption(frames, unpruned),
        noise_caption(frames, [x, hue]),
        pooled_caption(frames, [x, hue, *fixed(frames, done, [x, hue])]),
    )
    frame = frame.assign(definition=definition)
    orders = {key: levels_in(frames, key, frame) for key in (x, hue)}
    return Drawing(plot_dead_over_epochs(frame, x=x, hue=hue, orders=orders, text=text), frame)


def plot_dead_over_epochs(
    frame: pd.DataFrame, *, x: str, hue: str, orders: dict[str, list], text: str
) -> Figure:
    """Draw fraction against epoch, one line and band per layer; columns are `x`, rows `hue`.

    Requires `dead_by_layer` with intervals by `x`, `hue`, layer and epoch, and its definition.
    """
    columns, rows = orders[x], orders[hue]
    layers = list(frame.sort_values("depth")["layer"].astype(str).unique())
    figure = style.page(style.PAGE, 1.15 + 1.4 * len(rows))
    panels = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    # limits before lines: else every line drawn looks at all panels for new ones
    panels[0, 0].set_ylim(0, min(1.0, 1.05 * frame[["mean", "high"]].max(axis=None)) or 1.0)
    first, last = frame["epoch"].min(), frame["epoch"].max()
    margin = 0.02 * max(last - first, 1)
    panels[0, 0].set_xlim(first - margin, last + margin)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            draw_layers(panels[i, j], frame[(frame[x] == column) & (frame[hue] == row)], layers)
            if i == 0:
                panels[i, j].set_title(style.name(x, column))
        panels[i, 0].set_ylabel(style.name(hue, row))
    for axes in panels[-1]:
        axes.set_xlabel(style.label("epoch"))
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=min(len(layers), 8))
    figure.supylabel(style.upright(frame["definition"].iloc[0]), fontsize=8, ma="center")
    style.note(figure, text)
    return figure


def draw_layers(axes: Axes, frame: pd.DataFrame, layers: list[str]) -> None:
    """Draw one panel: a line and a band per layer, the band clipped to [0, 1] where drawn."""
    color = style.colors(layers)
    for layer in layers:
        rows = frame[frame["layer"] == layer].drop_duplicates("epoch").sort_values("epoch")
        name = style.layer_name(layer)
        axes.plot(rows["epoch"], rows["mean"], color=color[layer], label=name, lw=1.2)
        low, high = rows["low"].clip(0, 1), rows["high"].clip(0, 1)
        axes.fill_between(rows["epoch"], low, high, color=color[layer], alpha=0.15, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
