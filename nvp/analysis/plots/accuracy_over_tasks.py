"""How well each task was learned, and how far from a network that was trained on it alone."""

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.tasks import (
    ACCURACIES,
    FRESH,
    REMEDY,
    TO_FRESH,
    has_values,
    pair_with_fresh,
    select_task_ends,
)
from nvp.analysis.plots.panels.looks import choose_looks
from nvp.analysis.plots.panels.task_grid import (
    Split,
    choose_split,
    plot_over_tasks,
    select_with_tasks,
)
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    order_levels,
    select_rows,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.captions import (
    band_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    trials_caption,
)
from nvp.question.question import Question

MEANINGS = {
    "task_accuracy": "At the end: on the task's own test images, once.",
    "online_accuracy": "Online: mean over a task's steps of the accuracy on a batch before the "
    "step that trains on it, as the network trains (batch statistics, dropout, augmentation).",
}


def draw_accuracy_over_tasks(frames: StudyFrames, question: Question) -> Drawing:
    """Return the accuracies of each task, and the difference to a fresh network's, over seeds."""
    split = choose_split(frames, question)
    trials = select_with_tasks(frames, split)
    ends = select_task_ends(select_rows(frames.epochs, trials))
    known = [name for name in ACCURACIES if has_values(ends, name)]
    if not known:
        raise NothingToDraw("expected rows that know their task, got those of older code")
    parts = [ends.assign(measure=name, value=ends[name]) for name in known]
    if REMEDY in frames.swept and FRESH in set(trials[REMEDY]):
        paired = pair_with_fresh(ends, trials, known[0], frames.swept)
        parts.append(paired.assign(measure=TO_FRESH, value=paired["difference"]))
    rows = pd.concat(parts, ignore_index=True)
    frame = average_over_tasks(rows, split)
    measures = [name for name in (*ACCURACIES, TO_FRESH) if name in set(frame["measure"])]
    text = join_captions(
        band_caption(frame),
        *(MEANINGS[name] for name in known),
        describe_fresh(known[0]) if TO_FRESH in measures else "",
        tasks_caption(frames, trials, split),
    )
    orders = {key: order_levels(frames, key, frame) for key in split.keys}
    looks = choose_looks(frames, split.line, orders[split.line])
    figure = plot_over_tasks(
        frame, split=split, orders=orders, measures=measures, looks=looks, text=text
    )
    return Drawing(figure, frame)


def average_over_tasks(rows: pd.DataFrame, split: Split) -> pd.DataFrame:
    """One row per (measure, task, levels of the split): n, mean, low and high of `value`."""
    return seed_interval(rows, "value", ["measure", *split.keys, "task"])


def describe_fresh(accuracy: str) -> str:
    """Return what the difference to a fresh network is of."""
    what = "test" if accuracy == "task_accuracy" else "online"
    return (
        f"Right: {what} accuracy less that of the same seed whose network is drawn anew at each "
        "border (remedy.name=fresh)."
    )


def tasks_caption(frames: StudyFrames, trials: pd.DataFrame, split: Split) -> str:
    """Return which trials a figure over tasks is of, and over which keys it averages."""
    return join_captions(
        selection_caption(frames, trials, split.keys),
        trials_caption(frames, select_shown(frames, split.keys)),
        noise_caption(frames, split.keys),
        pooled_caption(frames, [*split.keys, *find_fixed_keys(frames, trials, split.keys)]),
    )
