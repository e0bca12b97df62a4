"""What comes first to a neuron: death or pruning, epoch by epoch."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.grid import MOST_PANELS, band, bottom, grid, rows_for
from nvp.analysis.selection.chosen_trials import (
    METHOD,
    NONE,
    ends_caption,
    fixed,
    levels_in,
    pruned,
    rows_of,
)
from nvp.analysis.selection.question import Drawing, NothingToDraw, Question
from nvp.analysis.statistics.neuron_lives import life_counts, neuron_lives
from nvp.analysis.statistics.survival import incidence
from nvp.analysis.style import style
from nvp.analysis.style.captions import (
    caption,
    left_out_caption,
    noise_caption,
    pooled_caption,
    seeds_caption,
)
from nvp.analysis.style.words import EVENT_NAMES


def competing(frames: StudyFrames, question: Question) -> Drawing:
    """Return the cumulative incidence of both, by method; of one method, by level of x."""
    trials = pruned(frames)
    by = METHOD if trials[METHOD].nunique() > 1 else question.x
    lives = neuron_lives(rows_of(frames.events, trials), rows_of(frames.layers, trials))
    if not lives["event"].eq("pruned").any():
        raise NothingToDraw("expected neurons that were pruned before they died, got none")
    frame = incidence(life_counts(lives, trials, [by]), [by])
    levels = levels_in(frames, by, frame)
    asked = frames.trials[frames.trials[METHOD] != NONE]
    text = caption(
        seeds_caption(frame, "Aalen-Johansen estimate"),
        "Of all neurons, by what happened to them first; those that died may be pruned later.",
        f"The first {MOST_PANELS} of {len(levels)}." if len(levels) > MOST_PANELS else "",
        "" if by == METHOD else f"Pruning method: {style.value_text(trials[METHOD].iloc[0])}.",
        ends_caption(trials),
        left_out_caption(frames, asked),
        noise_caption(frames, [by]),
        pooled_caption(frames, [by, *fixed(frames, trials, [by])]),
    )
    return Drawing(plot_competing(frame, by=by, levels=levels[:MOST_PANELS], text=text), frame)


def plot_competing(frame: pd.DataFrame, *, by: str, levels: list, text: str) -> Figure:
    """Draw both shares against the epoch, a panel per level. Requires `incidence` by `by`."""
    figure = style.page(style.PAGE, 1.2 + 1.35 * rows_for(len(levels)))
    panels = grid(figure, len(levels))
    for axes, level in zip(panels, levels, strict=True):
        axes.set_title(style.name(by, level))
        for event in ("died", "pruned"):
            rows = frame[(frame[by] == level) & (frame["event"] == event)]
            look = {"color": style.EVENTS[event], "ls": style.DASHES[event == "pruned"]}
            look |= {"label": EVENT_NAMES[event], "drawstyle": "steps-post"}
            band(axes, rows, "epoch", "share", look=look)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.margins(x=0.02)
    panels[0].set_ylim(0, min(1.0, 1.05 * frame[["share", "high"]].max(axis=None)) or 1.0)
    for axes in bottom(panels):
        axes.set_xlabel(style.label("epoch"))
    figure.supylabel(style.label("share"), fontsize=8)
    style.legend(figure, *panels[0].get_legend_handles_labels())
    style.note(figure, text)
    return figure
