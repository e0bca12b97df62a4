"""The best configurations of a search: their keys, and each response with its interval."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import interval_reach
from nvp.analysis.plots.search.config_table import (
    arrange_columns,
    make_columns,
    measure_lines,
    write_table,
)
from nvp.analysis.plots.search.marks import (
    BEST,
    OTHER,
    TRIAL,
    label_response,
    limit_values,
    scale_values,
)
from nvp.analysis.searches.captions import optimism_caption, ranked_caption
from nvp.analysis.searches.comparison import ALPHA, compare_with_best, tabulate_seeds
from nvp.analysis.searches.searched import Searched, read_searched
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.style.captions import join_captions
from nvp.question.question import Question

MOST = 15  # configurations shown
PANEL = 1.55  # inches of a panel
BESIDE = 0.24  # of the distance between two rows: seeds stand below their mean
TABLE = 1.6  # inches of the table, at least


def draw_best_configurations(frames: StudyFrames, question: Question) -> Drawing:
    """Return the best configurations, best first; of several objectives, those on the front."""
    searched = read_searched(frames)
    shown = choose_shown(searched)
    frame = tabulate_best(searched, shown)
    one = len(searched.plan.signs) == 1
    total = len(searched.ranked if one else searched.front)
    which = "Best first" if one else "The front: no other configuration beats these"
    which += f"; {len(shown)} of {total} are shown" if len(shown) < total else ""
    interval = frame["low"].notna().any()
    text = join_captions(
        f"{which}. {ranked_caption(searched)}",
        "Dot: mean; small: a seed; bar: 95 % t-interval over seeds, cut where it is long."
        if interval
        else "",
        "" if interval else "One seed, so there is no interval.",
        optimism_caption(searched),
        f"Grey: apart from the best, paired by seed (p ≤ {ALPHA:g} by Holm over all others)."
        if frame["apart"].any()
        else "",
    )
    return Drawing(plot_best_configurations(searched, frame, shown, text=text), frame)


def choose_shown(searched: Searched) -> list[int]:
    """Return the configurations to show, of a long front some, evenly along it."""
    if len(searched.plan.signs) == 1:
        return searched.ranked[:MOST]
    front = searched.front
    picked = np.linspace(0, len(front) - 1, min(MOST, len(front))).round().astype(int)
    return [front[i] for i in picked]


def tabulate_best(searched: Searched, shown: list[int]) -> pd.DataFrame:
    """One row per (configuration, response), best first: keys, n, mean, interval, `apart`.

    `apart`: whether it is worse than the best one by more than seeds explain; False of several
    objectives, which have no best one.
    """
    names = [name for name in searched.means.columns if searched.means[name].notna().any()]
    own = searched.responses[searched.responses["response"].isin(names)]
    places = {number: i for i, number in enumerate(shown, 1)}
    own = own[own["configuration"].isin(shown)]
    own = own.assign(rank=own["configuration"].map(places)).sort_values("rank", kind="stable")
    apart = list_apart(searched)
    rows = own.merge(searched.cells[searched.keys], left_on="configuration", right_index=True)
    rows = rows.assign(apart=rows["configuration"].isin(apart))
    columns = ["rank", "configuration", *searched.keys, "response", "n", "mean", "low", "high"]
    return rows[[*columns, "apart"]].reset_index(drop=True)


def list_apart(searched: Searched) -> list[int]:
    """Return the configurations that are worse than the best one by more than seeds explain."""
    if len(searched.plan.signs) > 1:
        return []
    ((name, sign),) = searched.plan.signs.items()
    table = compare_with_best(tabulate_seeds(searched.trials, name, searched.ranked), sign)
    return table.loc[table["apart"], "configuration"].tolist()


def plot_best_configurations(
    searched: Searched, frame: pd.DataFrame, shown: list[int], *, text: str
) -> Figure:
    """Draw a table of the configurations and a panel per response. Requires `tabulate_best`."""
    names = list(frame["response"].unique())
    most = max(style.PAGE - PANEL * len(names), TABLE)
    lines = arrange_columns(make_columns(searched, shown), most)
    width = min(max(measure_lines(lines), TABLE), most)
    high = 0.16 + 0.13 * (len(lines) - 1)
    figure = style.new_figure(style.PAGE, 1.75 + 0.13 * len(lines) + high * len(shown))
    ratios = [width, *[(style.PAGE - width) / len(names)] * len(names)]
    left, *panels = figure.subplots(1, 1 + len(names), sharey=True, width_ratios=ratios)
    write_table(left, lines, width)
    for axes, name in zip(panels, names, strict=True):
        rows = frame[frame["response"] == name]
        draw_response(axes, rows, select_seeds(searched, shown, name))
        axes.set_xlabel(label_response(name, searched.plan.signs.get(name)))
    left.set_ylim(len(shown) - 0.5, -0.5)
    panels[0].set_yticks([])
    style.write_note(figure, text)
    return figure


def select_seeds(searched: Searched, shown: list[int], name: str) -> pd.DataFrame:
    """Return the values of single seeds: `rank` of their configuration and `value`."""
    done = searched.trials[searched.trials["status"] == "done"]
    own = done[done["configuration"].isin(shown)]
    ranks = own["configuration"].map({number: i for i, number in enumerate(shown, 1)})
    return pd.DataFrame({"rank": ranks, "value": own[name].astype(float)})


def draw_response(axes: Axes, rows: pd.DataFrame, seeds: pd.DataFrame) -> None:
    """Draw a panel: a row per configuration, its mean and interval, its seeds behind."""
    if rows["n"].max() > 1:
        beside = seeds["rank"] - 1 + BESIDE
        axes.scatter(seeds["value"], beside, s=5, color=TRIAL, lw=0, zorder=2)
    for apart, color in ((False, BEST), (True, OTHER)):
        own = rows[rows["apart"] == apart]
        at = own["rank"].to_numpy(dtype=float) - 1
        look = {"fmt": "none", "ecolor": color, "elinewidth": 1}
        axes.errorbar(own["mean"], at, xerr=interval_reach(own, "mean"), zorder=3, **look)
        axes.scatter(own["mean"], at, s=16, color=color, lw=0, zorder=4)
    axes.grid(axis="y", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    scale_values(axes, rows["mean"], "x")
    limit_values(axes, "x", pd.concat([rows["mean"], seeds["value"]]), rows)
