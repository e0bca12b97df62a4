"""What every swept key does to several responses: main effects with intervals."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import choose_headline
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.responses import add_responses
from nvp.analysis.plots.panels.grid import interval_reach
from nvp.analysis.selection.chosen_trials import (
    applicable_caption,
    order_levels,
    select_applicable,
    select_done,
    select_rows,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.effects import estimate_effects
from nvp.analysis.style.captions import join_captions, trials_caption
from nvp.question.question import Question

SHOWN = ("test_accuracy", "entropy", "sparsity", "ever_died", "weight_sparsity", "first_death")
MOST = 4


def draw_effect_map(frames: StudyFrames, question: Question) -> Drawing:
    """Return the forest of main effects; the frame has the interactions, too."""
    finished = select_done(frames)
    trials = select_applicable(frames, finished)
    layers = select_rows(frames.layers, trials)
    rows = add_responses(trials, layers, select_rows(frames.events, trials))
    varied = rows.attrs["responses"]
    if not varied:
        raise NothingToDraw("expected a response that varies, got none: all trials are alike")
    keys = [key for key in frames.swept if key != "seed"]
    if not any(trials[key].nunique() > 1 for key in keys):
        raise NothingToDraw(f"expected a key with two levels, got one of each: {', '.join(keys)}")
    chosen = [name for name in (choose_headline(layers), *SHOWN) if name in varied][:MOST]
    frame = estimate_effects(rows, keys, chosen)
    orders = {key: order_levels(frames, key, trials) for key in keys if trials[key].nunique() > 1}
    text = join_captions(
        effect_caption(frame, trials),
        applicable_caption(finished, trials),
        trials_caption(frames, frames.trials),
    )
    return Drawing(plot_effect_map(frame, orders=orders, text=text), frame)


def effect_caption(frame: pd.DataFrame, trials: pd.DataFrame) -> str:
    """Return what an effect and its interval are, and what the model could not tell."""
    seeds = trials["seed"].nunique()
    mains = frame[frame["other"] == ""]
    text = "Effect: mean at a level minus the mean of all levels, by least squares"
    if mains["low"].isna().all():
        reasons = dict.fromkeys(mains["note"].str.partition(";")[0])
        return (
            f"{text}; {len(trials)} trials, n = {seeds} seeds: {', '.join(filter(None, reasons))}."
        )
    lost = frame[(frame["other"] != "") & frame["note"].str.contains("without a trial")]
    lost = lost.drop_duplicates("term")
    pairs = [f"{name_key(row['key'])} × {name_key(row['other'])}" for _, row in lost.iterrows()]
    crosses = mains[mains["estimate"].isna()].drop_duplicates("key")
    alone = [f"{name_key(row['key'])} ({row['note']})" for _, row in crosses.iterrows()]
    unknown = f" Not told: {', '.join(alone)}." if alone else ""
    incomplete = (
        f" No interaction, since not all cells have a trial: {', '.join(pairs)}." if pairs else ""
    )
    return (
        f"{text} with seeds as blocks and interactions; 95 % t-interval, {len(trials)} trials, "
        f"n = {seeds} seeds. Filled: p < {style.SIGNIFICANT:g} after Holm's correction over all "
        f"levels and interactions of the response.{unknown}{incomplete}"
    )


def name_key(key: str) -> str:
    """Return the name of a key within a sentence: without its unit."""
    return style.axis_label(key).partition(" (")[0]


def plot_effect_map(frame: pd.DataFrame, *, orders: dict[str, list], text: str) -> Figure:
    """Draw a column per response and a row per level, rows of a key together.

    Requires `estimate_effects`; `orders` are the levels of each key in their order.
    """
    shown = list(frame["response"].unique())
    rows = row_heights(orders)
    figure = style.new_figure(style.PAGE, 1.0 + 0.145 * (len(rows) + len(orders)))
    (panels,) = figure.subplots(1, len(shown), sharey=True, squeeze=False)
    for axes, response in zip(panels, shown, strict=True):
        mains = frame[(frame["other"] == "") & frame["key"].isin(list(orders))]
        draw_forest(axes, mains[mains["response"] == response], rows)
        axes.set_xlabel(style.short_label(response), fontsize=7.5)
    at = list(rows.values()) + list(heading_heights(orders).values())
    names = [style.value_text(level, key) for key, level in rows]
    names += [style.short_label(key).replace("\n", " ") for key in orders]
    panels[0].set_yticks(at, names)
    for tick, height in zip(panels[0].get_yticklabels(), at, strict=True):
        tick.set_fontweight("bold" if height in heading_heights(orders).values() else "normal")
        tick.set_fontsize(7)
    panels[0].set_ylim(max(at) + 0.6, min(at) - 0.6)
    style.write_note(figure, text)
    return figure


def row_heights(orders: dict[str, list]) -> dict[tuple[str, object], float]:
    """Return where each level stands: below the heading of its key."""
    heights, at = {}, 0.0
    for key, levels in orders.items():
        heights |= {(key, level): at + 1 + i for i, level in enumerate(levels)}
        at += len(levels) + 1.4
    return heights


def heading_heights(orders: dict[str, list]) -> dict[str, float]:
    """Return where the heading of each key stands."""
    heights, at = {}, 0.0
    for key, levels in orders.items():
        heights[key] = at
        at += len(levels) + 1.4
    return heights


def draw_forest(axes: Axes, frame: pd.DataFrame, rows: dict[tuple[str, object], float]) -> None:
    """Draw the effects of one response: a point and its interval per level; a cross if unknown."""
    axes.axvline(0, color="0.6", lw=0.8, zorder=1)
    at = np.array(
        [rows[key, level] for key, level in zip(frame["key"], frame["level"], strict=True)]
    )
    known = frame["estimate"].notna().to_numpy()
    told = frame[known]
    sure = (told["p_holm"] < style.SIGNIFICANT).to_numpy()
    color = style.NEUTRAL
    reach = interval_reach(told, "estimate")
    axes.errorbar(told["estimate"], at[known], xerr=reach, fmt="none", ecolor=color, elinewidth=1)
    faces = np.where(sure, color, "white")
    axes.scatter(told["estimate"], at[known], s=12, c=faces, edgecolors=color, lw=0.8, zorder=3)
    axes.scatter(np.zeros((~known).sum()), at[~known], s=10, marker="x", color="0.5", lw=0.8)
    axes.locator_params(axis="x", nbins=3)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="0.93", lw=0.5)
    axes.set_axisbelow(True)
