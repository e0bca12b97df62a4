"""The life of every neuron of one trial: alive, dead or masked, epoch by epoch."""

import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.derive import (
    STATES,
    choose_headline,
    find_liveliest_trial,
    replay_life_cycle,
)
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.chosen_trials import select_finished
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.style.captions import join_captions
from nvp.analysis.style.words import DEATH_NAMES, STATE_NAMES
from nvp.config.registry import suggest_nearest
from nvp.question.question import Question

DEAD = "dead"  # the method whose trials are looked at when none is named


def draw_life_cycle(frames: StudyFrames, question: Question) -> Drawing:
    """Return the raster of the trial asked for, else of the one with most events when pruned."""
    trial_id = question.trial or choose_trial(frames)
    seen = frames.layers["trial_id"] == trial_id
    if not seen.any():
        raise NothingToDraw(f"expected rows of trial {trial_id}, got none: it failed")
    death = choose_headline(frames.layers[seen])
    frame = replay_life_cycle(frames.events, frames.layers, trial_id).assign(death=death)
    trial = frames.trials.set_index("trial_id").loc[trial_id]
    keys = dict.fromkeys([question.x, question.hue, *frames.swept])
    levels = ", ".join(style.level_text(key, trial[key]) for key in keys)
    title = f"trial {trial_id}: {levels}"
    chosen = "" if question.trial else "The finished pruned trial with most events."
    text = join_captions(
        f"One trial (n = 1, {trial['status']}).",
        chosen,
        "State: after the epoch's pruning.",
        "Masked without having been dead: dormant." if death == "dead" else "",
    )
    return Drawing(plot_life_cycle(frame, title=title, text=text), frame)


def choose_trial(frames: StudyFrames) -> str:
    """Return the finished pruned trial with most events."""
    pruned = select_finished(frames.trials, DEAD)
    return find_liveliest_trial(frames.events, list(pruned["trial_id"]))


def check_trial(frames: StudyFrames, trial_id: str) -> None:
    """Raise ValueError when the study has no such trial."""
    ids = list(frames.trials["trial_id"])
    if trial_id not in ids:
        raise ValueError(
            f"--trial: expected one of the {len(ids)} trial ids of {frames.name}, preset "
            f"{frames.preset}, got {trial_id!r}{suggest_nearest(trial_id, ids)}"
        )


def plot_life_cycle(frame: pd.DataFrame, *, title: str, text: str) -> Figure:
    """Draw neurons x epochs as a raster of states, layers apart.

    Requires `replay_life_cycle`, and the definition of death that its events follow.
    """
    codes = frame["state"].map({state: i for i, state in enumerate(STATES)})
    raster = frame.assign(code=codes).pivot(index="row", columns="epoch", values="code")
    first, last = raster.columns.min(), raster.columns.max()
    figure = style.new_figure(style.COLUMN, 4.6)
    axes = figure.subplots()
    axes.imshow(
        raster.to_numpy(),
        cmap=ListedColormap([style.STATES[state] for state in STATES]),
        vmin=-0.5,
        vmax=len(STATES) - 0.5,
        aspect="auto",
        interpolation="nearest",
        extent=(first - 0.5, last + 0.5, len(raster) - 0.5, -0.5),
    )
    for first_row in frame.groupby("layer")["row"].min():
        axes.axhline(first_row - 0.5, color="white", lw=1.0)
    spans = frame.groupby("stage", sort=False)["row"].agg(["min", "max"])
    names = [
        f"{style.layer_name(stage)} ({high - low + 1})" for stage, low, high in spans.itertuples()
    ]
    axes.set_yticks(spans.mean(axis=1).to_list(), names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel("neurons by layer (number), sorted by first death")
    axes.set_xlabel(style.axis_label("epoch"))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.spines[:].set_visible(False)
    names_of = STATE_NAMES | {"dead": DEATH_NAMES[frame["death"].iloc[0]]}
    handles = [Patch(facecolor=style.STATES[state], label=names_of[state]) for state in STATES]
    anchor = {"loc": "lower center", "bbox_to_anchor": (0.4, 1.0), "columnspacing": 1.2}
    axes.legend(handles=handles, ncols=len(STATES), **anchor)
    style.write_title(figure, title)
    style.write_note(figure, text)
    return figure
