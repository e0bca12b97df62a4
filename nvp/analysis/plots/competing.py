"""What comes first to a neuron: death or pruning, epoch by epoch."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import (
    MOST_PANELS,
    bottom_panels,
    count_rows,
    draw_band,
    make_panels,
)
from nvp.analysis.selection.chosen_trials import (
    ends_caption,
    find_fixed_keys,
    order_levels,
    select_pruned,
    select_rows,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.neuron_lives import count_lives, drop_born_dead, find_first_lives
from nvp.analysis.statistics.survival import estimate_incidence
from nvp.analysis.style.captions import (
    born_dead_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    seeds_caption,
    trials_caption,
)
from nvp.analysis.style.words import EVENT_NAMES
from nvp.question.question import METHOD, NONE, Question


def draw_competing(frames: StudyFrames, question: Question) -> Drawing:
    """Return the cumulative incidence of both, by method; of one method, by level of x."""
    trials = select_pruned(frames)
    by = METHOD if trials[METHOD].nunique() > 1 else question.x
    every = find_first_lives(select_rows(frames.events, trials), select_rows(frames.layers, trials))
    lives = drop_born_dead(every)
    if not lives["event"].eq("pruned").any():
        raise NothingToDraw("expected neurons that were pruned before they died, got none")
    frame = estimate_incidence(count_lives(lives, trials, [by]), [by])
    levels = order_levels(frames, by, frame)
    methods = frames.trials[frames.trials[METHOD] != NONE]
    text = join_captions(
        seeds_caption(frame, "Aalen-Johansen estimate"),
        "Of neurons alive at first, by what happened to them first; those that died may be pruned "
        "later.",
        born_dead_caption(len(every) - len(lives), len(every)),
        f"The first {MOST_PANELS} of {len(levels)}." if len(levels) > MOST_PANELS else "",
        "" if by == METHOD else f"Pruning method: {style.value_text(trials[METHOD].iloc[0])}.",
        ends_caption(trials),
        trials_caption(frames, methods),
        noise_caption(frames, [by]),
        pooled_caption(frames, [by, *find_fixed_keys(frames, trials, [by])]),
    )
    return Drawing(plot_competing(frame, by=by, levels=levels[:MOST_PANELS], text=text), frame)


def plot_competing(frame: pd.DataFrame, *, by: str, levels: list, text: str) -> Figure:
    """Draw both shares against the epoch, a panel per level.

    Requires the rows of `estimate_incidence` by `by`.
    """
    figure = style.new_figure(style.PAGE, 1.2 + 1.35 * count_rows(len(levels)))
    panels = make_panels(figure, len(levels))
    for axes, level in zip(panels, levels, strict=True):
        axes.set_title(style.level_name(by, level))
        for event in ("died", "pruned"):
            rows = frame[(frame[by] == level) & (frame["event"] == event)]
            look = {"color": style.EVENTS[event], "ls": style.DASHES[event == "pruned"]}
            look |= {"label": EVENT_NAMES[event], "drawstyle": "steps-post"}
            draw_band(axes, rows, "epoch", "share", look=look)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.margins(x=0.02)
    panels[0].set_ylim(0, min(1.0, 1.05 * frame[["share", "high"]].max(axis=None)) or 1.0)
    for axes in bottom_panels(panels):
        axes.set_xlabel(style.axis_label("epoch"))
    figure.supylabel(style.axis_label("share"), fontsize=8)
    style.write_legend(figure, *panels[0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure
