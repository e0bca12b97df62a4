"""Whether the dead fraction is a function of one number made of learning rate and batch size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvp.analysis import style
from nvp.analysis.frames.derive import choose_headline, share_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.collapse_captions import (
    PART,
    define_rate,
    few_caption,
    fit_caption,
    lead_caption,
    lost_caption,
    power_caption,
    tell_leads,
)
from nvp.analysis.plots.panels.log_axis import space_decades
from nvp.analysis.plots.panels.looks import rank_ramp
from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    order_levels,
    select_comparable,
    select_rows,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.collapse import (
    CANDIDATES,
    FEWEST_DEADLY,
    add_scalings,
    count_deadly_cells,
    find_learned,
    fit_powers,
    fit_scalings,
    fit_theory,
)
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.captions import count_seeds, join_captions, pooled_caption, trials_caption
from nvp.question.question import Question

LR, BATCH, DATA, LENGTH = "optim.lr", "data.batch_size", "data.name", "length"
ROOM = 18  # characters of the numbers below a panel
MOMENTUM, OPTIMIZER = "optim.momentum", "optim.name"
SHOWN = (LR, BATCH, DATA, LENGTH)
KEYS = [PART, "cell", "learned", "lr", "batch", "walk"]
KEYS += [name for name in CANDIDATES if name != "lr"]


def draw_collapse(frames: StudyFrames, question: Question) -> Drawing:
    """Return the dead fraction against each candidate, and the theory's curve beside them."""
    lacking = [key for key in (LR, BATCH, MOMENTUM, OPTIMIZER) if key not in frames.trials]
    if lacking:
        raise NothingToDraw(f"expected trials with {', '.join(lacking)}, got none")
    trials = keep_first_levels(frames, select_comparable(frames, [LR, BATCH]))
    for key in (LR, BATCH):
        if trials[key].nunique() < 2:
            raise NothingToDraw(f"expected two levels of {key}, got {trials[key].nunique()}")
    layers = select_rows(frames.layers, trials)
    definition = choose_headline(layers)
    rows = scale_trials(frames, trials, layers, definition)
    if not rows["fraction"].nunique() > 1:
        raise NothingToDraw("expected trials that differ in their dead fraction, got none")
    tables, drawn, said = [], [], []
    for part, every in rows.groupby(PART):
        own = fit_theory(every[every["learned"]])
        few = count_deadly_cells(own) < FEWEST_DEADLY
        curve = own[["cell", "predicted", "constant"]].drop_duplicates("cell")
        drawn.append(seed_interval(every, "fraction", KEYS).merge(curve, on="cell", how="left"))
        tables.append(fit_scalings(own).assign(part=part))
        said.append(few_caption(own, str(part)) if few else lead_caption(tables[-1]))
        said.append(power_caption(fit_powers(own), str(part)))
    frame = pd.concat(drawn, ignore_index=True)
    table = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    text = join_captions(
        f"A point: mean of a setting over {count_seeds(frame)}. η = {define_rate(trials)}.",
        lost_caption(frame),
        fit_caption(frame, table),
        *said,
        selection_caption(frames, trials, [LR, BATCH]),
        trials_caption(frames, select_shown(frames, [LR, BATCH])),
        pooled_caption(frames, [*SHOWN, MOMENTUM, *find_fixed_keys(frames, trials)]),
    )
    ramp = rank_ramp(frames, LR)
    figure = plot_collapse(frame, table, ramp=ramp, definition=definition, text=text)
    return Drawing(
        figure, frame.assign(definition=definition), tell_leads(table, define_rate(trials))
    )


def keep_first_levels(frames: StudyFrames, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials at the first level of every swept key that is no part of a scaling."""
    for key in frames.swept:
        if key not in (*SHOWN, MOMENTUM, OPTIMIZER, "seed"):
            trials = trials[trials[key] == order_levels(frames, key, trials)[0]]
    return trials


def scale_trials(
    frames: StudyFrames, trials: pd.DataFrame, layers: pd.DataFrame, definition: str
) -> pd.DataFrame:
    """Return the trials with their dead fraction, scalings, walk, cell, part, and `learned`.

    A part is a length of training, of a data set.
    """
    fraction = share_dead_at_end(layers, definition)
    rows = add_scalings(trials, trials["trial_id"].map(fraction)).dropna(subset=["fraction"])
    keys = [LR, BATCH, MOMENTUM, OPTIMIZER]
    part = rows[LENGTH].astype(str)
    if DATA in rows and rows[DATA].nunique() > 1:
        part = rows[DATA].map(lambda name: f"{style.value_text(name, DATA)}, ").astype(str) + part
    walk = rows["lr"] * np.sqrt(rows["steps"] / rows["batch"])
    rows = rows.assign(cell=rows[keys].astype(str).agg(", ".join, axis=1), part=part, walk=walk)
    learned = [find_learned(own) for _, own in rows.groupby(PART)]
    return rows.assign(learned=pd.concat(learned) if learned else [])


def plot_collapse(
    frame: pd.DataFrame, table: pd.DataFrame, *, ramp: int, definition: str, text: str
) -> Figure:
    """Draw fraction against each candidate and the theory's walk, a row per part.

    Requires cells with means and intervals, and `fit_scalings` by part.
    """
    parts = list(frame[PART].unique())
    figure = style.new_figure(style.PAGE, 1.5 + 1.45 * len(parts))
    names = [*CANDIDATES, "walk"]
    panels = figure.subplots(len(parts), len(names), sharey=True, sharex="col", squeeze=False)
    rates, batches = sorted(frame["lr"].unique()), sorted(frame["batch"].unique())
    color, marker = style.assign_ramp(rates, ramp=ramp), style.assign_markers(batches)
    for i, part in enumerate(parts):
        rows = frame[frame[PART] == part]
        for j, name in enumerate(names):
            draw_cells(panels[i, j], rows, name, color, marker)
            fit = table[(table[PART] == part) & (table["scaling"] == name)]
            theory = "theory" if rows["predicted"].notna().any() else ""
            title = format_fit(fit) if name in CANDIDATES else theory
            panels[i, j].set_title(title, fontsize=7)
            if i == len(parts) - 1:
                panels[i, j].set_xlabel(style.axis_label(name), fontsize=7.5)
        curve = rows.dropna(subset=["predicted"]).sort_values("walk")
        panels[i, -1].plot(curve["walk"], curve["predicted"], color="0.3", lw=1, zorder=1)
        panels[i, 0].set_ylabel(
            part.replace(", ", "\n") if len(parts) > 1 else style.upright_label(definition)
        )
    panels[0, 0].set_ylim(bottom=-0.01)
    if len(parts) > 1:
        figure.supylabel(style.upright_label(definition), fontsize=8, ma="center")
    looks = {"ls": "", "ms": 4}
    handles = [
        Line2D([], [], marker="o", color=color[r], label=f"η = {r:.3g}", **looks) for r in rates
    ]
    handles += [
        Line2D([], [], marker=marker[b], color="0.4", label=f"B = {b:g}", **looks) for b in batches
    ]
    style.write_legend(figure, handles, [str(one.get_label()) for one in handles])
    style.write_note(figure, text)
    return figure


def draw_cells(axes: Axes, rows: pd.DataFrame, name: str, color: dict, marker: dict) -> None:
    """Draw a marker per cell on a logarithmic axis, with its interval where it has one."""
    for row in rows.to_dict("records"):
        one = color[row["lr"]]
        looks = {"marker": marker[row["batch"]], "mfc": one if row["learned"] else "white"}
        axes.plot(row[name], row["mean"], ls="", ms=3, color=one, **looks)
        if not pd.isna(row["low"]):
            ends = np.clip([row["low"], row["high"]], 0, 1)
            axes.plot([row[name]] * 2, ends, color=one, lw=0.6, alpha=0.6)
    space_decades(axes, room=ROOM)
    axes.tick_params(labelsize=7)


def format_fit(fit: pd.DataFrame) -> str:
    """Return the R^2 of a candidate with its interval; "" where none was fitted."""
    if fit.empty:
        return ""
    row = fit.iloc[0]
    interval = "" if pd.isna(row["low"]) else f"\n[{row['low']:.2f}, {row['high']:.2f}]"
    best = ", best" if row["best"] else ""
    return f"R² = {row['r2']:.2f}{best}{interval}"
