"""Dead, dormant and duplicate neurons, and the rank of the features, at the end of each task."""

from nvp.analysis.frames.derive import add_keys
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.tasks import RANK, measure_vitality
from nvp.analysis.plots.accuracy_over_tasks import average_over_tasks, tasks_caption
from nvp.analysis.plots.panels.looks import choose_looks
from nvp.analysis.plots.panels.task_grid import choose_split, plot_over_tasks, select_with_tasks
from nvp.analysis.selection.chosen_trials import order_levels, select_rows
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.style.captions import band_caption, join_captions
from nvp.question.question import Question


def draw_neurons_over_tasks(frames: StudyFrames, question: Question) -> Drawing:
    """Return what became of the neurons, on the probe of the task that ends."""
    split = choose_split(frames, question)
    trials = select_with_tasks(frames, split)
    rows = measure_vitality(select_rows(frames.epochs, trials), select_rows(frames.layers, trials))
    if rows.empty:
        raise NothingToDraw("expected rows that know their task, got those of older code")
    frame = average_over_tasks(add_keys(rows, trials, [*split.keys, "seed"]), split)
    measures = sorted(frame["measure"].unique(), key=lambda name: (name == RANK, name))
    text = join_captions(
        band_caption(frame),
        "At the end of each task, on its own probe (train images, eval mode); neurons of all "
        "layers together, the rank of the last layer's features.",
        tasks_caption(frames, trials, split),
    )
    orders = {key: order_levels(frames, key, frame) for key in split.keys}
    looks = choose_looks(frames, split.line, orders[split.line])
    figure = plot_over_tasks(
        frame, split=split, orders=orders, measures=measures, looks=looks, text=text
    )
    return Drawing(figure, frame)
