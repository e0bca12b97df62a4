"""The share of neurons that have not died yet, layer by layer, at each level of a key."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import (
    MOST_PANELS,
    bottom_panels,
    count_rows,
    draw_band,
    make_panels,
)
from nvp.analysis.plots.panels.looks import Looks, choose_looks
from nvp.analysis.selection.chosen_trials import (
    ends_caption,
    find_fixed_keys,
    order_levels,
    select_comparable,
    select_rows,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.hazard import FEWEST_DEATHS, count_revivals, estimate_hazard_ratios
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.statistics.neuron_lives import (
    count_lives,
    drop_born_dead,
    find_first_lives,
)
from nvp.analysis.statistics.survival import estimate_survival as kaplan_meier
from nvp.analysis.style.captions import (
    born_dead_caption,
    join_captions,
    noise_caption,
    pooled_caption,
    seeds_caption,
    trials_caption,
)
from nvp.question.question import Question


def draw_survival(frames: StudyFrames, question: Question) -> Drawing:
    """Return Kaplan-Meier curves of the first death; the hazards and revivals are in its note."""
    x = question.x
    trials = select_comparable(frames, [x])
    layers = select_rows(frames.layers, trials)
    events = select_rows(frames.events, trials)
    every = find_first_lives(events, layers)
    lives = drop_born_dead(every)
    if lives.empty:
        raise NothingToDraw("expected neurons that are alive in the initial network, got none")
    frame = kaplan_meier(count_lives(lives, trials, ["layer", x]), ["layer", x])
    names = layers.sort_values("depth")["layer"].astype(str).unique()
    text = join_captions(
        seeds_caption(frame, "Kaplan-Meier curve"),
        selection_caption(frames, trials, [x]),
        born_dead_caption(len(every) - len(lives), len(every)),
        border_caption(events),
        "Pruned neurons count as lost from sight." if lives["event"].eq("pruned").any() else "",
        hazard_caption(estimate_hazard_ratios(lives, trials, [x]), x),
        revival_caption(count_revivals(events, trials, [x]), x, order_levels(frames, x, trials)),
        ends_caption(trials),
        trials_caption(frames, select_shown(frames, [x])),
        noise_caption(frames, [x]),
        pooled_caption(frames, [x, *find_fixed_keys(frames, trials, [x])]),
    )
    looks = choose_looks(frames, x, order_levels(frames, x, frame))
    return Drawing(plot_survival(frame, x=x, looks=looks, names=list(names), text=text), frame)


def border_caption(events: pd.DataFrame) -> str:
    """Return how many deaths are no learning: the neuron is silent on a new task's images."""
    died = events[events["event"] == "died"]
    count = int((died["cause"] == "border").sum())
    return (
        f"{count:,} of {len(died):,} deaths were at a border between tasks: on the new task's "
        "probe alone, with the same weights."
        if count
        else ""
    )


def hazard_caption(ratios: pd.DataFrame, x: str) -> str:
    """Return the hazard ratio of the last level that has one, in words; "" when none has."""
    numbers = ratios[~ratios["level"].map(lambda level: isinstance(level, str))]
    if numbers.empty:  # names have no first and last
        return ""
    known = numbers[numbers["note"] != "no death"].dropna(subset=["ratio"])
    if known.empty:
        return f"No hazard ratio: fewer than {FEWEST_DEATHS} deaths at all levels but one."
    row = known.iloc[-1]
    interval = "" if pd.isna(row["low"]) else f" [{row['low']:.2g}, {row['high']:.2g}]"
    level = style.level_text(x, row["level"])
    versus = style.value_text(row["reference"])
    return (
        f"Hazard of a first death at {level} over that at {versus}: {row['ratio']:.2g}{interval} "
        "(Cox, errors clustered by trial)."
    )


def revival_caption(rows: pd.DataFrame, x: str, levels: list) -> str:
    """Return which share of deaths is undone, at the first and last level with FEWEST_DEATHS."""
    shares = seed_interval(rows, "share", [x]).set_index(x)["mean"]
    deaths = rows.groupby(x)["died"].sum()
    numbers = [level for level in levels if level in shares.index and not isinstance(level, str)]
    known = [level for level in numbers if deaths[level] >= FEWEST_DEATHS]
    ends = dict.fromkeys([*known[:1], *known[-1:]])
    parts = [f"{shares[level]:.0%} at {style.level_text(x, level)}" for level in ends]
    few = f", where {FEWEST_DEATHS} neurons died or more" if len(known) < len(numbers) else ""
    return f"Deaths undone by a revival: {', '.join(parts)}{few}." if parts else ""


def plot_survival(
    frame: pd.DataFrame, *, x: str, looks: Looks, names: list[str], text: str
) -> Figure:
    """Draw the share alive against the epoch, a step line and a band per level, a panel per layer.

    Requires the rows of `estimate_survival` by layer and `x`.
    """
    there = set(frame["layer"])
    shown = [name for name in dict.fromkeys([*names, *sorted(there)]) if name in there]
    shown = shown[:MOST_PANELS]
    figure = style.new_figure(style.PAGE, 1.2 + 1.35 * count_rows(len(shown)))
    panels = make_panels(figure, len(shown))
    for axes, name in zip(panels, shown, strict=True):
        axes.set_title(style.layer_name(name))
        for level in looks:
            rows = frame[(frame["layer"] == name) & (frame[x] == level)]
            look = {"color": looks[level]["color"], "ls": looks[level]["ls"]}
            label = style.level_name(x, level)
            draw_band(
                axes,
                rows,
                "epoch",
                "alive",
                look=look | {"label": label, "drawstyle": "steps-post"},
            )
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.margins(x=0.02)
    least = min(frame["alive"].min(), frame["low"].min())
    panels[0].set_ylim(max(0.0, min(0.95, least - 0.03)), 1.005)
    for axes in bottom_panels(panels):
        axes.set_xlabel(style.axis_label("epoch"))
    figure.supylabel(style.axis_label("alive"), fontsize=8)
    style.write_legend(figure, *panels[0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure
