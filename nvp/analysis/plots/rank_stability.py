"""Whether a criterion ranks neurons early as it does at the end."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.derive import add_keys
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.panels.grid import draw_band
from nvp.analysis.plots.panels.looks import Looks, choose_looks
from nvp.analysis.selection.chosen_trials import (
    ends_caption,
    find_fixed_keys,
    select_comparable,
    select_shown,
    selection_caption,
)
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.statistics.rank_stability import CHANCE, CRITERIA, MOST_NEURONS
from nvp.analysis.statistics.rank_stability import measure_rank_stability as agreement
from nvp.analysis.style.captions import (
    count_seeds,
    join_captions,
    name_band,
    pooled_caption,
    trials_caption,
)
from nvp.analysis.style.words import CRITERION_NAMES
from nvp.question.question import Question

MOST_TRIALS = 24
AGREEMENTS = {"tau": 0.0, "jaccard": CHANCE}  # and what chance gives


def draw_rank_stability(frames: StudyFrames, question: Question) -> Drawing:
    """Return, per criterion, the agreement of its ranks at an epoch with those at the end."""
    trials = select_comparable(frames, [])
    sample = sample_evenly(trials, [key for key in frames.swept if key != "seed"])
    rows = agreement(replace(frames, trials=sample).neurons)
    if rows.empty:
        raise NothingToDraw("expected neurons sampled at two epochs, got one")
    rows = add_keys(rows, sample, ["seed"])
    parts = [
        seed_interval(rows, value, ["criterion", "epoch"]).assign(agreement=value)
        for value in AGREEMENTS
    ]
    frame = pd.concat(parts, ignore_index=True)
    few = len(sample) < len(trials)
    text = join_captions(
        f"Line: mean over {count_seeds(frame)}{band_caption(frame)}.",
        "Dotted: chance. Neurons kept at both epochs; layers weighted by their neurons, "
        f"of a layer at most {MOST_NEURONS}.",
        f"{len(sample)} of {len(trials)} trials, evenly over settings, all seeds." if few else "",
        selection_caption(frames, trials, []),
        ends_caption(trials),
        trials_caption(frames, select_shown(frames, [])),
        pooled_caption(frames, find_fixed_keys(frames, sample)),
    )  # fmt: skip
    criteria = [name for name in CRITERIA if name in set(frame["criterion"])]
    looks = choose_looks(frames, "criterion", criteria)
    return Drawing(plot_rank_stability(frame, looks=looks, text=text), frame)


def band_caption(frame: pd.DataFrame) -> str:
    """Return what the band is, or that there is none."""
    known = frame["low"].notna().any()
    return f"; {name_band(frame)}: its 95 % t-interval" if known else ", so there is no band"


def sample_evenly(trials: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return about MOST_TRIALS trials: evenly spaced settings with all their seeds."""
    if not keys:
        return trials
    cells = trials.groupby(keys, observed=True, sort=True).ngroup()
    count = max(1, MOST_TRIALS * (cells.max() + 1) // len(trials))
    taken = np.unique(np.linspace(0, cells.max(), min(count, cells.max() + 1)).astype(int))
    return trials[cells.isin(taken)]


def plot_rank_stability(frame: pd.DataFrame, *, looks: Looks, text: str) -> Figure:
    """Draw agreement against the epoch, a line and band per criterion, a panel per agreement.

    Requires means with intervals by agreement, criterion and epoch.
    """
    figure = style.new_figure(style.PAGE, 3.2)
    panels = figure.subplots(1, len(AGREEMENTS), sharex=True)
    for axes, (value, chance) in zip(panels, AGREEMENTS.items(), strict=True):
        for criterion in looks:
            rows = frame[(frame["criterion"] == criterion) & (frame["agreement"] == value)]
            rows = rows.sort_values("epoch")
            look = looks[criterion] | {"ms": 3, "label": CRITERION_NAMES[criterion]}
            draw_band(
                axes,
                rows.rename(columns={"mean": value}),
                "epoch",
                value,
                look=look,
                limits=(-1, 1),
            )
        axes.axhline(chance, color="0.4", lw=0.9, ls=":", zorder=1)
        axes.set_ylabel(style.axis_label(value))
        axes.set_xlabel(style.axis_label("epoch"))
        axes.set_ylim(top=1.02)
    style.write_legend(figure, *panels[0].get_legend_handles_labels())
    style.write_note(figure, text)
    return figure
