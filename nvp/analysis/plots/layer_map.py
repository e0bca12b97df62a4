"""Where and when neurons are dead: layers x epochs, a panel per level of a key."""

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys, choose_headline, count_dead_by_layer
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import MOST_PANELS, bottom_panels, count_rows, make_panels
from nvp.analysis.selection.chosen_trials import (
    ends_caption,
    find_fixed_keys,
    order_levels,
    select_comparable,
    select_rows,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.captions import (
    count_seeds,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import Question


def draw_layer_map(frames: StudyFrames, question: Question) -> Drawing:
    """Return the mean dead fraction of every layer and epoch."""
    x = question.x
    trials = select_comparable(frames, [x])
    layers = select_rows(frames.layers, trials)
    definition = choose_headline(layers)
    rows = add_keys(count_dead_by_layer(layers, definition), trials, [x, "seed"])
    frame = seed_interval(rows, "fraction", [x, "layer", "epoch"])
    depth = layers.groupby("layer", observed=True)["depth"].min()
    frame = frame.assign(depth=frame["layer"].map(depth).astype(int), definition=definition)
    levels = order_levels(frames, x, frame)
    text = join_captions(
        f"Colour: mean over {count_seeds(frame)}.",
        f"The first {MOST_PANELS} of {len(levels)} levels." if len(levels) > MOST_PANELS else "",
        selection_caption(frames, trials, [x]),
        ends_caption(trials),
        trials_caption(frames, select_shown(frames, [x])),
        noise_caption(frames, [x]),
        pooled_caption(frames, [x, *find_fixed_keys(frames, trials, [x])]),
    )
    return Drawing(plot_layer_map(frame, x=x, levels=levels[:MOST_PANELS], text=text), frame)


def plot_layer_map(frame: pd.DataFrame, *, x: str, levels: list, text: str) -> Figure:
    """Draw fraction as colour, layers from the input down, against epochs, a panel per level.

    Requires the mean by `x`, layer and epoch, the depth of each layer and the definition of death.
    """
    names = frame.sort_values("depth")["layer"].astype(str).unique()
    high = 0.13 * len(names)
    rows = count_rows(len(levels))
    figure = style.new_figure(style.PAGE, 1.15 + rows * (0.35 + max(high, 0.8)))
    panels = make_panels(figure, len(levels))
    most = frame["mean"].max() or 1.0
    image = ScalarMappable(Normalize(0, most), cmap=style.HEAT)
    for axes, level in zip(panels, levels, strict=True):
        table = frame[frame[x] == level].assign(layer=lambda rows: rows["layer"].astype(str))
        table = table.pivot(index="layer", columns="epoch", values="mean").reindex(names)
        epochs = table.columns.to_numpy(dtype=float)
        edges = np.concatenate(
            [epochs[:1] - 0.5, (epochs[1:] + epochs[:-1]) / 2, epochs[-1:] + 0.5]
        )
        axes.pcolormesh(
            edges, np.arange(len(names) + 1) - 0.5, table.to_numpy(), vmin=0, vmax=most,
            cmap=style.HEAT, rasterized=True,
        )  # fmt: skip
        axes.set_title(style.level_name(x, level))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_yticks(range(len(names)), [style.layer_name(name) for name in names])
        axes.tick_params(axis="y", length=0, labelsize=7)
        axes.spines[:].set_visible(False)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    for axes in bottom_panels(panels):
        axes.set_xlabel(style.axis_label("epoch"))
    bar = figure.colorbar(image, ax=panels, shrink=0.9, pad=0.01, aspect=25)
    bar.set_label(style.upright_label(frame["definition"].iloc[0]))
    bar.outline.set_visible(False)
    style.write_note(figure, text)
    return figure
