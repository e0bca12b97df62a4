"""Objectives against each other, two by two, and the configurations that no other one beats."""

from itertools import combinations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import count_rows, interval_reach, make_panels
from nvp.analysis.plots.search.marks import BEST, OTHER, label_response, limit_values, scale_values
from nvp.analysis.searches.captions import optimism_caption, ranked_caption
from nvp.analysis.searches.ranking import find_front, trace_front
from nvp.analysis.searches.searched import Searched, read_searched
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.style.captions import join_captions
from nvp.question.question import Question

COLUMNS = 3  # panels in a row
NEAR = (0.2, 0.1)  # inches: a number that is closer to another one is not written


def draw_pareto_front(frames: StudyFrames, question: Question) -> Drawing:
    """Return every pair of objectives, and the front of all of them."""
    searched = read_searched(frames)
    names = list(searched.plan.objectives)
    if len(names) < 2:
        raise NothingToDraw(f"expected two objectives or more, got {names[0]} alone")
    frame = pair_objectives(searched)
    several = len(names) > 2
    text = join_captions(
        f"{ranked_caption(searched)} Blue: the front, {len(searched.front)} configurations that "
        "no other one beats, with their numbers in the order of asking.",
        "Line: the front of the two objectives of a panel alone." if several else "",
        "Bar: 95 % t-interval over seeds, cut where it is long. The front is one of means: within "
        "these bars others may belong to it."
        if frame["low"].notna().any()
        else "One seed, so there is no interval.",
        optimism_caption(searched),
    )
    return Drawing(plot_pareto_front(searched, frame, text=text), frame)


def pair_objectives(searched: Searched) -> pd.DataFrame:
    """One row per (configuration, objective): n, mean, interval, `front`, as ranked."""
    own = searched.responses[searched.responses["response"].isin(searched.plan.objectives)]
    own = own[own["configuration"].isin(searched.ranked)].rename(columns={"response": "objective"})
    rows = own.merge(searched.cells[searched.keys], left_on="configuration", right_index=True)
    return rows.assign(front=rows["configuration"].isin(searched.front)).reset_index(drop=True)


def plot_pareto_front(searched: Searched, frame: pd.DataFrame, *, text: str) -> Figure:
    """Draw a panel per pair of objectives. Requires `pair_objectives`."""
    pairs = list(combinations(searched.plan.objectives, 2))
    alone = len(pairs) == 1
    width = style.COLUMN if alone else style.PAGE
    rows = count_rows(len(pairs), columns=COLUMNS)
    figure = style.new_figure(width, (1.6 if alone else 1.2) + 2.4 * rows)
    panels = make_panels(figure, len(pairs), columns=COLUMNS, sharex=False, sharey=False)
    for axes, (x, y) in zip(panels, pairs, strict=True):
        draw_pair(axes, searched, frame, x, y)
    handles = [
        Line2D([], [], color=BEST, lw=1, marker="o", ms=4, label="on the front"),
        Line2D([], [], color=OTHER, ls="", marker="o", ms=3, label="beaten"),
    ]
    style.write_legend(figure, handles, [str(one.get_label()) for one in handles])
    style.write_note(figure, text)
    return figure


def draw_pair(axes: Axes, searched: Searched, frame: pd.DataFrame, x: str, y: str) -> None:
    """Draw one pair of objectives: all configurations, the front, its intervals and numbers."""
    signs = searched.plan.signs
    means, front = searched.means, searched.means.loc[searched.front]
    beaten = means.drop(index=searched.front)
    axes.scatter(beaten[x], beaten[y], s=10, color=OTHER, alpha=0.7, lw=0, zorder=2)
    own = means[find_front(means, {x: signs[x], y: signs[y]})]
    axes.plot(*trace_front(own[x], own[y], (signs[x], signs[y])), color=BEST, lw=0.9, zorder=3)
    reach = {
        name: interval_reach(
            frame[frame["objective"] == name].set_index("configuration").loc[front.index], "mean"
        )
        for name in (x, y)
    }
    axes.errorbar(
        front[x], front[y], reach[y], reach[x], fmt="none", ecolor=BEST, elinewidth=0.6, alpha=0.6
    )
    axes.scatter(front[x], front[y], s=20, color=BEST, lw=0, zorder=4)
    for name, which in ((x, "x"), (y, "y")):
        own = frame[frame["front"] & (frame["objective"] == name)]
        scale_values(axes, means[name], which)
        limit_values(axes, which, means[name], own)
    write_numbers(axes, front, x, y, (signs[x], signs[y]))
    axes.set_xlabel(label_response(x, signs[x]))
    axes.set_ylabel(label_response(y, signs[y]))


def write_numbers(axes: Axes, front: pd.DataFrame, x: str, y: str, signs: tuple[int, int]) -> None:
    """Write the numbers of configurations beside their points, on the better side of the front.

    One that would lie on another is left out; the CSV has all.
    """
    places = axes.transData.transform(front[[x, y]].to_numpy(dtype=float)) / axes.figure.dpi
    written: list[tuple[float, float]] = []
    for number, (right, up) in zip(front.index, places, strict=True):
        if all(abs(right - a) > NEAR[0] or abs(up - b) > NEAR[1] for a, b in written):
            written.append((right, up))
            axes.annotate(
                str(number),
                (front.at[number, x], front.at[number, y]),
                xytext=(3 * signs[0], 3 * signs[1]),
                textcoords="offset points",
                fontsize=6,
                color="0.25",
                ha="left" if signs[0] > 0 else "right",
                va="bottom" if signs[1] > 0 else "top",
            )
