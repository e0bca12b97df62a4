"""How a search went: every trial in the order of asking, and the best configuration so far."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.search.marks import (
    BAD,
    BEST,
    OTHER,
    TRIAL,
    bad_handles,
    draw_bad,
    find_bad,
    label_response,
    make_room,
    scale_values,
)
from nvp.analysis.searches.captions import ranked_caption
from nvp.analysis.searches.ranking import find_best_so_far
from nvp.analysis.searches.searched import Searched, read_searched
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.style.captions import join_captions
from nvp.question.question import Question

STOPPED = "censored"


def draw_search_history(frames: StudyFrames, question: Question) -> Drawing:
    """Return each objective against the order in which configurations were asked."""
    searched = read_searched(frames)
    frame = trace_search(searched)
    stopped = frame.loc[frame["status"] == STOPPED, "value"].notna().any()
    bad = len(find_lost(searched, frame))
    text = join_captions(
        f"{ranked_caption(searched)} Line: the best mean so far.",
        "Where trials run at the same time, a later one may have ended first.",
        "Triangle: a trial's value where it was stopped." if stopped else "",
        "At the lower edge: configurations that have no value." if bad else "",
    )
    return Drawing(plot_search_history(searched, frame, text=text), frame)


def trace_search(searched: Searched) -> pd.DataFrame:
    """One row per (objective, trial): its value, its configuration's mean and interval, the best.

    `best` is the best mean of the configurations that are ranked, up to this one. `value` of a
    trial that was stopped early is the one where it was stopped.
    """
    numbers = sorted(searched.ranked)
    parts = []
    for name, sign in searched.plan.signs.items():
        best = find_best_so_far(searched.means.loc[numbers, name], sign)
        best = best.reindex(searched.cells.index).ffill()
        known = searched.trials["status"].isin(["done", STOPPED])
        values = searched.trials[name].astype(float).where(known)
        rows = searched.trials[["configuration", "trial_id", "seed", "status"]]
        rows = rows.assign(objective=name, value=values)
        own = searched.responses[searched.responses["response"] == name]
        own = own[own["configuration"].isin(numbers)].drop(columns="response")
        rows = rows.merge(own, on="configuration", how="left")
        parts.append(rows.assign(best=rows["configuration"].map(best)))
    return pd.concat(parts, ignore_index=True)


def find_lost(searched: Searched, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the configurations without a mean of which no trial has a value where it stopped."""
    known = frame[(frame["status"] == STOPPED) & frame["value"].notna()]
    bad = find_bad(searched)
    return bad[(bad["state"] != STOPPED) | ~bad.index.isin(known["configuration"])]


def plot_search_history(searched: Searched, frame: pd.DataFrame, *, text: str) -> Figure:
    """Draw a panel per objective. Requires `trace_search`."""
    signs = searched.plan.signs
    figure = style.new_figure(style.PAGE, 1.1 + 1.75 * len(signs))
    panels = figure.subplots(len(signs), 1, sharex=True, squeeze=False)[:, 0]
    bad = find_lost(searched, frame)
    several = bool((frame["n"] > 1).any())
    for axes, (name, sign) in zip(panels, signs.items(), strict=True):
        rows = frame[frame["objective"] == name]
        draw_trials(axes, rows, several=several)
        scale_values(axes, rows["value"], "y")
        if len(bad):
            make_room(axes)
        draw_bad(axes, bad.index.tolist(), bad["state"].tolist())
        axes.set_ylabel(label_response(name, sign))
    panels[-1].set_xlabel("configuration, in the order of asking")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    count = len(searched.cells)
    edge = max(0.02 * count, 0.5)
    panels[-1].set_xlim(1 - edge, count + edge)
    handles = [*make_handles(several=several), *bad_handles(searched)]
    style.write_legend(figure, handles, [str(one.get_label()) for one in handles])
    style.write_note(figure, text)
    return figure


def draw_trials(axes: Axes, rows: pd.DataFrame, *, several: bool) -> None:
    """Draw the trials of one objective, the means of configurations and the best so far."""
    done, stopped = rows[rows["status"] == "done"], rows[rows["status"] == STOPPED]
    if several:
        axes.plot(done["configuration"], done["value"], **look_of(TRIAL, 2.5), zorder=2)
    axes.plot(
        stopped["configuration"], stopped["value"], mfc="none", **look_of(**BAD[STOPPED]), zorder=2
    )
    cells = rows.drop_duplicates("configuration").sort_values("configuration")
    axes.plot(cells["configuration"], cells["mean"], **look_of(OTHER, 3.5), zorder=3)
    axes.step(cells["configuration"], cells["best"], where="post", color=BEST, lw=1.3, zorder=4)
    new = cells[cells["best"].notna() & (cells["best"] != cells["best"].shift())]
    axes.plot(new["configuration"], new["best"], **look_of(BEST, 4.5), zorder=5)


def look_of(color: str, ms: float = 4, marker: str = "o") -> dict[str, Any]:
    """Return the look of points without a line."""
    return {"ls": "", "marker": marker, "ms": ms, "color": color, "mew": 0.9 if ms == 4 else 0}


def make_handles(*, several: bool) -> list[Line2D]:
    """Return the legend's entries of what every history has."""
    mean = "mean over seeds" if several else "trial"
    handles = [
        Line2D([], [], color=BEST, lw=1.3, marker="o", ms=4.5, label="best so far"),
        Line2D([], [], **look_of(OTHER, 3.5), label=mean),
    ]
    return handles + [Line2D([], [], **look_of(TRIAL, 2.5), label="a seed")] * several
