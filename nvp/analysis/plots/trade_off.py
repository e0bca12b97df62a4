"""What pruning costs in accuracy, by each thing it saves: neurons, weights, FLOPs, time."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.equal_accuracy import draw_equal
from nvp.analysis.plots.panels.grid import interval_reach
from nvp.analysis.plots.panels.looks import Looks, choose_looks
from nvp.analysis.plots.panels.sparsity_axis import SPARSITIES, spread_sparsity
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    order_levels,
    select_done,
    select_pruned,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.statistics.trade_off import (
    COSTS,
    SAVINGS,
    add_costs,
    find_equal_accuracy,
    mark_front,
)
from nvp.analysis.style.captions import count_seeds, join_captions, pooled_caption, trials_caption
from nvp.question.margins import OF_ACCURACY
from nvp.question.question import METHOD, NONE, Question

TOLERANCE = OF_ACCURACY.size
EQUAL = (
    f"Below: largest sparsity with an accuracy at most {TOLERANCE:g} below the seed's own unpruned "
    "one, interpolated; mean and t-interval over seeds; > where a seed keeps it to the last trial."
)


def draw_trade_off(frames: StudyFrames, question: Question) -> Drawing:
    """Return accuracy against every saving, by method, and the sparsity that costs nothing."""
    select_pruned(frames)
    trials = add_costs(select_done(frames))
    own = [key for key in frames.swept if key.startswith("prune.") and key != METHOD]
    names = [key for key in own if trials[key].map(lambda level: isinstance(level, str)).any()]
    trials = trials.sort_values(
        METHOD, key=lambda column: column.map(rank_methods(frames)), kind="stable"
    )
    trials = trials.assign(**{METHOD: [name_line(row, names) for row in trials.to_dict("records")]})
    by = [METHOD, *[key for key in own if key not in names]]
    frame = mark_fronts(average_costs(trials, by))
    # where other keys are swept, too, a pruned trial is compared with unpruned ones of its setting
    others = [key for key in frames.swept if not key.startswith("prune.") and key != "seed"]
    saved = choose_saving(trials)
    kept = find_equal_accuracy(trials, others, cost=saved, tolerance=TOLERANCE)
    equal = seed_interval(kept, "saving", [METHOD])
    bounds = kept.groupby(METHOD)["beyond"].any()
    equal = equal.assign(kind="equal accuracy", saving=saved, beyond=equal[METHOD].map(bounds))
    unpruned = seed_interval(trials[trials[METHOD] == NONE].assign(all=0), "test_accuracy", ["all"])
    text = join_captions(
        f"A marker: mean over {count_seeds(frame)}{bar_caption(frame)}.",
        "Ring: on the Pareto front of the means.",
        "Grey: unpruned." if len(unpruned) else "No unpruned trial has finished.",
        EQUAL if len(equal) else "",
        trials_caption(frames, frames.trials),
        pooled_caption(frames, [*by, *names, *find_fixed_keys(frames, trials)]),
    )
    methods = [method for method in trials[METHOD].unique() if method != NONE]
    looks = style.assign_looks(methods) if names else choose_looks(frames, METHOD, methods)
    figure = plot_trade_off(frame, equal, unpruned, looks=looks, text=text)
    table = pd.concat([frame.assign(kind="trade-off"), equal], ignore_index=True)
    return Drawing(figure, table)


def choose_saving(trials: pd.DataFrame) -> str:
    """Return the sparsity to be kept at equal accuracy: of units, unless a method masks none."""
    most = trials[trials[METHOD] != NONE].groupby(METHOD)["sparsity"].max()
    return "sparsity" if (most > 0).all() else "weight_sparsity"


def rank_methods(frames: StudyFrames) -> dict[str, int]:
    """Return where each method stands in the order of the study."""
    return {method: i for i, method in enumerate(order_levels(frames, METHOD, frames.trials))}


def name_line(trial: dict[str, Any], keys: list[str]) -> str:
    """Return what a line is of: a method, and its variant where keys of it are swept by name."""
    if trial[METHOD] == NONE:
        return NONE
    return ", ".join([style.value_text(trial[METHOD]), *(trial[key] or "none" for key in keys)])


def bar_caption(frame: pd.DataFrame) -> str:
    """Return what the bar of a marker is, or that there is none."""
    return "; bar: 95 % t-interval" if frame["low"].notna().any() else ", so no interval"


def average_costs(trials: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row per (setting of the pruning, cost): mean cost, mean accuracy and its interval."""
    cells = seed_interval(trials, "test_accuracy", by)
    parts = [
        cells.merge(seed_interval(trials, cost, by)[[*by, "mean"]], on=by, suffixes=("", "_cost"))
        .rename(columns={"mean_cost": "at"})
        .assign(cost=cost)
        for cost in COSTS
        if trials[cost].notna().any() and trials[cost].nunique() > 1
    ]
    if not parts:
        raise NothingToDraw("expected trials that differ in what they save, got none")
    return pd.concat(parts, ignore_index=True)


def mark_fronts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the curves with `front`: whether no other setting beats it at that cost."""
    parts = [
        rows.assign(front=mark_front(rows["at"], rows["mean"], more=cost in SAVINGS))
        for cost, rows in frame.groupby("cost", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def plot_trade_off(
    frame: pd.DataFrame, equal: pd.DataFrame, unpruned: pd.DataFrame, *, looks: Looks, text: str
) -> Figure:
    """Draw a panel per cost, and one with the sparsity at equal accuracy of every method.

    Requires `mark_fronts`, intervals of `find_equal_accuracy` and of the unpruned accuracy.
    """
    shown = list(frame["cost"].unique())
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    lower = 0.45 + 0.14 * len(equal) if len(equal) else 0.0
    legend = 0.16 * -(-len(looks) // 5)
    figure = style.new_figure(style.PAGE, 0.7 + 2.0 * rows + lower + legend)
    heights = [2.0] * rows + ([lower] if len(equal) else [])
    space = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    first = None
    for i, cost in enumerate(shown):
        axes = figure.add_subplot(space[i // columns, i % columns], sharey=first)
        first = first or axes
        draw_cost(axes, frame[frame["cost"] == cost], unpruned, looks)
        axes.set_xlabel(style.axis_label(cost))
        if i % columns == 0:
            axes.set_ylabel(style.axis_label("test_accuracy"))
        else:
            axes.tick_params(labelleft=False)
    if len(equal):
        draw_equal(figure.add_subplot(space[rows, :]), equal, looks)
    if first is not None:
        style.write_legend(figure, *first.get_legend_handles_labels())
    style.write_note(figure, text)
    return figure


def draw_cost(axes: Axes, frame: pd.DataFrame, unpruned: pd.DataFrame, looks: Looks) -> None:
    """Draw one panel: a line per method along its cost, the unpruned level, rings on the front."""
    for row in unpruned.to_dict("records"):
        axes.axhline(row["mean"], color="0.5", lw=0.9, ls=":", zorder=1)
        if not pd.isna(row["low"]):
            axes.axhspan(row["low"], row["high"], color="0.5", alpha=0.12, lw=0, zorder=0)
    for method in looks:
        rows = frame[(frame[METHOD] == method) & frame["at"].notna()]
        look = looks[method] | {"ms": 3.5, "lw": 1.0, "label": style.value_text(method)}
        axes.plot(rows["at"], rows["mean"], **look)
        known = rows[rows["low"].notna()]
        reach = interval_reach(known, "mean", (0.0, 1.0))
        color = looks[method]["color"]
        axes.errorbar(known["at"], known["mean"], reach, fmt="none", ecolor=color, elinewidth=0.7)
    best = frame[frame["front"] & (frame[METHOD] != NONE)]
    axes.scatter(
        best["at"], best["mean"], s=48, facecolors="none", edgecolors="0.2", lw=0.7, zorder=4
    )
    axes.locator_params(axis="x", nbins=6)
    if frame["cost"].iloc[0] in SAVINGS:
        low = axes.get_xlim()[0]
        axes.set_xlim(left=0 if low < 0.5 else low)
    if frame["cost"].iloc[0] in SPARSITIES:
        spread_sparsity(axes, frame["at"])
    low = np.fmin(frame["mean"], frame["low"].clip(0, 1)).min()
    high = np.fmax(frame["mean"], frame["high"].clip(0, 1)).max()
    axes.set_ylim(max(0.0, low - 0.02), min(1.0, high + 0.02))
