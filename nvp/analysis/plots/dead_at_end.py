"""Dead fraction at the end against a hyperparameter, by up to two definitions of death."""

import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys, choose_definitions
from nvp.analysis.frames.derive import count_dead_at_end as fractions_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.effect import Crossing, draw_effect, hue_handles
from nvp.analysis.plots.panels.looks import choose_looks
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    keep_common_levels,
    order_levels,
    select_finished,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.statistics.intervals import with_interval
from nvp.analysis.style.captions import (
    interval_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import METHOD, NONE, Question


def draw_dead_at_end(frames: StudyFrames, question: Question) -> Drawing:
    """Return the figure of the unpruned trials: do more neurons die at a higher level of x?"""
    x, hue = question.x, question.hue
    unpruned = frames.trials[frames.trials[METHOD] == NONE]
    done = keep_common_levels(select_finished(frames.trials, NONE), [x, hue], frames.swept)
    layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
    ends = add_keys(fractions_at_end(layers), done, [x, hue, "seed"])
    ends = ends[ends["definition"].isin(choose_definitions(layers))]
    frame = with_interval(ends, "fraction", ["definition", x, hue])
    text = join_captions(
        interval_caption(frame),
        "Dots: trials, unpruned, last epoch.",
        trials_caption(frames, unpruned),
        noise_caption(frames, [x, hue]),
        selection_caption(frames, done, [x, hue]).replace("Unpruned trials.", "").strip(),
        pooled_caption(frames, [x, hue, *find_fixed_keys(frames, done, [x, hue])]),
    )
    orders = {key: order_levels(frames, key, frame) for key in (x, hue)}
    looks = choose_looks(frames, hue, orders[hue])
    crossing = Crossing(x=x, levels=orders[x], hue=hue, looks=looks)
    return Drawing(plot_dead_at_end(frame, crossing=crossing, text=text), frame)


def plot_dead_at_end(frame: pd.DataFrame, *, crossing: Crossing, text: str) -> Figure:
    """Draw fraction against a key, one line per level of the other, one panel per definition.

    Requires the rows of `count_dead_at_end`, with intervals by definition and both keys.
    """
    shown = list(frame["definition"].unique())
    figure = style.new_figure(style.PAGE, 2.9)
    (panels,) = figure.subplots(1, len(shown), sharey=True, squeeze=False)
    for axes, definition in zip(panels, shown, strict=True):
        rows = frame[frame["definition"] == definition]
        draw_effect(axes, rows, "fraction", crossing=crossing, limits=(0.0, 1.0))
        axes.set_ylabel(style.upright_label(definition))
        axes.tick_params(labelleft=True)
    panels[0].set_ylim(bottom=0)  # shared, and only now that both are drawn
    handles = hue_handles(crossing)
    style.write_legend(figure, handles, [str(handle.get_label()) for handle in handles])
    style.write_note(figure, text)
    return figure
