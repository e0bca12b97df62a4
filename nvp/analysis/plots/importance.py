"""Which key matters most, by two ways of measuring it."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import choose_headline
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.responses import add_responses
from nvp.analysis.frames.search_plan import is_search, read_search_plan
from nvp.analysis.plots.panels.grid import interval_reach
from nvp.analysis.selection.chosen_trials import (
    applicable_caption,
    select_applicable,
    select_done,
    select_rows,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.importance import (
    COLUMNS,
    DRAWS,
    FANOVA,
    FEWEST,
    FEWEST_UNLIKE,
    PERMUTATION,
    measure_importances,
)
from nvp.analysis.style.captions import join_captions, trials_caption
from nvp.question.question import Question

AXES = {PERMUTATION: "importance_permutation", FANOVA: "importance_fanova"}
WIDE = 48  # characters of a title that stands on one line
SOUGHT = "The search sought good settings, so that bad ones are few and weigh little."


def draw_importance(frames: StudyFrames, question: Question) -> Drawing:
    """Return bars of every swept key for the dead fraction and the test accuracy.

    Of a search: for its objectives.
    """
    finished = select_done(frames)
    trials = select_applicable(frames, finished)
    rows, names = choose_responses(frames, trials)
    keys = [key for key in frames.swept if key != "seed"]
    frame = measure_importances(rows, keys, names)
    if frame.empty:
        raise NothingToDraw(
            f"expected {FEWEST} settings, {FEWEST_UNLIKE} of them unlike the commonest response, "
            f"got {trials.groupby(keys, observed=True).ngroups if keys else 1} of {len(keys)} keys"
        )
    lacking = [name for name in names if name not in set(frame["response"])]
    cells = frame["cells"].max()
    scores = frame.dropna(subset=["score"]).drop_duplicates("response")
    names = {name: style.axis_label(name).partition(" (")[0] for name in scores["response"]}
    fits = ", ".join(f"{r.score:.2f} for {names[r.response]}" for r in scores.itertuples())
    text = join_captions(
        f"{cells} settings, each the mean of its n = {trials['seed'].nunique()} seeds. Whisker: "
        f"2.5 to 97.5 % of {DRAWS} draws of settings with replacement. Permutation: "
        f"of settings left out, where the forest's R² is {fits}: near or below 0 it knows nothing. "
        "fANOVA: main effects alone.",
        SOUGHT if is_search(frames.study) else "",
        lacking_caption(lacking),
        applicable_caption(finished, trials),
        trials_caption(frames, frames.trials),
    )
    return Drawing(plot_importance(frame[COLUMNS], text=text), frame)


def choose_responses(frames: StudyFrames, trials: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the trials with the responses that keys are to explain, and their names."""
    if is_search(frames.study):
        return trials, list(read_search_plan(frames.study).objectives)
    layers = select_rows(frames.layers, trials)
    rows = add_responses(trials, layers, select_rows(frames.events, trials))
    names = [name for name in (choose_headline(layers), "test_accuracy") if name in rows.columns]
    return rows, names


def lacking_caption(responses: list[str]) -> str:
    """Return which responses have no importances, and why; "" when all have."""
    names = " and ".join(style.axis_label(name).partition(" (")[0] for name in responses)
    few = f"fewer than {FEWEST_UNLIKE} settings differ from the commonest value"
    return f"Nothing of {names}: {few}." if responses else ""


def plot_importance(frame: pd.DataFrame, *, text: str) -> Figure:
    """Draw a bar per key, a panel per response and evaluator. Requires `measure_importances`."""
    shown, keys = list(frame["response"].unique()), list(frame["key"].unique())
    figure = style.new_figure(style.PAGE, 0.9 + len(shown) * (0.5 + 0.2 * len(keys)))
    panels = figure.subplots(len(shown), len(AXES), sharey=True, sharex="col", squeeze=False)
    for i, response in enumerate(shown):
        for j, (evaluator, label) in enumerate(AXES.items()):
            rows = frame[(frame["response"] == response) & (frame["evaluator"] == evaluator)]
            axes, at = panels[i, j], np.array([keys.index(key) for key in rows["key"]])
            axes.barh(at, rows["importance"], height=0.6, color=style.NEUTRAL, alpha=(0.85, 0.5)[j])
            reach = interval_reach(rows, "importance")
            axes.errorbar(
                rows["importance"],
                at,
                xerr=reach,
                fmt="none",
                ecolor="0.2",
                elinewidth=0.9,
                capsize=2,
            )
            axes.axvline(0, color="0.4", lw=0.6)
            title = f"{style.plain_label(response)}: {evaluator}"
            axes.set_title(
                title if len(title) <= WIDE else title.replace(": ", ":\n"), fontsize=7.5
            )
            if i == len(shown) - 1:
                axes.set_xlabel(style.axis_label(label))
    names = [style.short_label(key).replace("\n", " ") for key in keys]
    panels[0, 0].set_yticks(range(len(keys)), names)
    panels[0, 0].set_ylim(len(keys) - 0.5, -0.5)
    style.write_note(figure, text)
    return figure
