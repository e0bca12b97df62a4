"""What happens to neurons over the epochs, by several measures: a panel each, a line per level."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.measures import COUNTS, list_measures
from nvp.analysis.plots.panels.grid import bottom_panels, count_rows, draw_band, make_panels
from nvp.analysis.plots.panels.looks import Looks, choose_looks
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
    band_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import Question

COLUMNS = 3
ACCURACY = "val_accuracy"
UNTRAINED = "Accuracy from the first epoch on: that of an untrained network would hide differences."
GRAMA = "GraMa: a gradient of at most 0.01 of the layer's mean."


def draw_measures(frames: StudyFrames, question: Question) -> Drawing:
    """Return accuracy, neurons that are dead, alike or inactive, weights and rank, as measured."""
    x = question.x
    trials = select_comparable(frames, [x])
    rows = list_measures(select_rows(frames.layers, trials), select_rows(frames.epochs, trials))
    rows = add_keys(drop_untrained(rows), trials, [x, "seed"])
    frame = seed_interval(rows, "value", ["measure", x, "epoch"])
    text = join_captions(
        band_caption(frame),
        "Counts are of all layers together, the size of weights is the mean over layers.",
        UNTRAINED,
        GRAMA if rows["measure"].isin(COUNTS[1:]).any() else "",
        selection_caption(frames, trials, [x]),
        ends_caption(trials),
        trials_caption(frames, select_shown(frames, [x])),
        noise_caption(frames, [x]),
        pooled_caption(frames, [x, *find_fixed_keys(frames, trials, [x])]),
    )
    measures = [name for name in rows["measure"].unique() if name in set(frame["measure"])]
    looks = choose_looks(frames, x, order_levels(frames, x, frame))
    return Drawing(plot_measures(frame, x=x, measures=measures, looks=looks, text=text), frame)


def plot_measures(
    frame: pd.DataFrame, *, x: str, measures: list[str], looks: Looks, text: str
) -> Figure:
    """Draw each measure against the epochs in a panel of its own, a line per level of `x`.

    Requires the mean with its interval by measure, `x` and epoch.
    """
    rows = count_rows(len(measures), columns=COLUMNS)
    figure = style.new_figure(style.PAGE, 1.4 + 1.5 * rows)
    panels = make_panels(figure, len(measures), columns=COLUMNS, sharey=False)
    for axes, measure in zip(panels, measures, strict=True):
        most = 1.0 if "(fraction" in style.axis_label(measure) else float("inf")
        for level in looks:
            own = frame[(frame["measure"] == measure) & (frame[x] == level)].sort_values("epoch")
            look = looks[level] | {"marker": "", "label": style.level_name(x, level)}
            draw_band(axes, own, "epoch", "mean", look=look, limits=(0.0, most))
        axes.set_ylabel(style.upright_label(measure), fontsize=7)
        if measure != ACCURACY:
            axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axes in bottom_panels(panels, columns=COLUMNS):
        axes.set_xlabel(style.axis_label("epoch"))
    style.write_legend(figure, *panels[0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure


def drop_untrained(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of measures without the accuracy of networks that no step has trained."""
    return rows[(rows["measure"] != ACCURACY) | (rows["epoch"] > rows["epoch"].min())]
