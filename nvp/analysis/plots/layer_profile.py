"""Where a method prunes: the masked fraction of every layer at the end."""

import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys, count_masked_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import (
    MOST_PANELS,
    bottom_panels,
    count_rows,
    draw_band,
    make_panels,
)
from nvp.analysis.plots.panels.looks import Looks, choose_looks
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    order_levels,
    select_pruned,
    select_rows,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.captions import (
    band_caption,
    join_captions,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import METHOD, NONE, Question

TARGET = "prune.sparsity"


def draw_layer_profile(frames: StudyFrames, question: Question) -> Drawing:
    """Return the masked fraction by layer: a panel per method, a line per sparsity (else per x)."""
    trials = select_pruned(frames)
    line = TARGET if TARGET in frames.swept or question.x == METHOD else question.x
    rows = count_masked_at_end(select_rows(frames.layers, trials))
    if not rows["masked"].any():
        raise NothingToDraw("expected masked neurons, got none: only weights were pruned")
    rows = add_keys(rows, trials, [METHOD, line, "seed"])
    frame = seed_interval(rows, "fraction", [METHOD, line, "layer"])
    depth = rows.groupby("layer", observed=True)["depth"].min()
    frame = frame.assign(depth=frame["layer"].map(depth).astype(int))
    methods = order_levels(frames, METHOD, frame)
    text = join_captions(
        band_caption(frame),
        f"The first {MOST_PANELS} of {len(methods)}." if len(methods) > MOST_PANELS else "",
        trials_caption(frames, frames.trials[frames.trials[METHOD] != NONE]),
        pooled_caption(frames, [METHOD, line, *find_fixed_keys(frames, trials)]),
    )
    shown = methods[:MOST_PANELS]
    looks = choose_looks(frames, line, order_levels(frames, line, frame))
    figure = plot_layer_profile(frame, methods=shown, line=line, looks=looks, text=text)
    return Drawing(figure, frame)


def plot_layer_profile(
    frame: pd.DataFrame, *, methods: list, line: str, looks: Looks, text: str
) -> Figure:
    """Draw the masked fraction against the layers in order, a line per level, a panel per method.

    Requires the mean with its interval by method, `line` and layer, and the depth of each layer.
    """
    names = list(frame.sort_values("depth")["layer"].astype(str).unique())
    columns = 4 if len(names) <= 8 else 2
    figure = style.new_figure(style.PAGE, 1.5 + 1.3 * count_rows(len(methods), columns=columns))
    panels = make_panels(figure, len(methods), columns=columns)
    for axes, method in zip(panels, methods, strict=True):
        axes.set_title(style.value_text(method))
        for level in looks:
            rows = frame[(frame[METHOD] == method) & (frame[line] == level)].sort_values("depth")
            rows = rows.assign(at=rows["layer"].astype(str).map(names.index))
            look = looks[level] | {"ms": 3, "label": style.level_name(line, level)}
            draw_band(axes, rows, "at", "mean", look=look)
        axes.set_xticks(range(len(names)), [style.layer_name(name) for name in names])
        if len(names) * len(panels[:columns]) > 12:
            axes.tick_params(axis="x", labelrotation=90, labelsize=7)
    panels[0].set_ylim(0, min(1.0, 1.05 * frame[["mean", "high"]].max(axis=None)) or 1.0)
    for axes in bottom_panels(panels, columns=columns):
        axes.set_xlabel(style.axis_label("layer"))
    figure.supylabel(style.axis_label("masked_fraction"), fontsize=8)
    style.write_legend(figure, *panels[0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure
