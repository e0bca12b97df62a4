"""One colour has one meaning in all figures of a study; sparsities near 1 are told apart."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.plots.panels.grid import draw_band
from nvp.analysis.plots.panels.looks import choose_looks
from nvp.analysis.plots.panels.sparsity_axis import gather, spread, spread_sparsity
from nvp.analysis.style.captions import FEWEST_FOR_BAND, band_caption
from tests.analysis.made_frames import make_frames

LEVELS = {
    "prune.method": ["none", "dead", "random"],
    "model.activation": ["relu", "silu", "gelu"],
    "optim.lr": [0.01, 0.1, 0.2],
    "optim.noise": [0.0, 1.0],
}


def make_study():
    trials = pd.MultiIndex.from_product(LEVELS.values(), names=list(LEVELS)).to_frame(index=False)
    return make_frames(trials.assign(trial_id=trials.index.astype(str)), swept=list(LEVELS))


def test_no_two_levels_of_a_study_share_a_colour() -> None:
    frames = make_study()
    colors = [
        (key, level, look["color"])
        for key, levels in LEVELS.items()
        for level, look in choose_looks(frames, key, levels).items()
    ]
    reserved = [("death", "dead", style.EVENTS["died"])]
    for one, other in combinations([*colors, *reserved], 2):
        assert one[2] != other[2], (one, other)


@pytest.mark.parametrize("key", list(LEVELS))
def test_a_level_keeps_its_look_when_others_are_not_shown(key: str) -> None:
    frames, last = make_study(), LEVELS[key][-1]
    assert choose_looks(frames, key, [last])[last] == choose_looks(frames, key, LEVELS[key])[last]


def test_pruning_the_dead_looks_as_what_pruning_removed() -> None:
    looks = choose_looks(make_study(), "prune.method", ["none", "dead"])
    assert looks["dead"]["color"] == style.EVENTS["pruned"] == style.STATES["masked"]


def test_sparsities_near_one_are_told_apart() -> None:
    axes = Figure(figsize=(3.4, 2)).subplots()
    assert not spread_sparsity(axes, pd.Series([0.0, 0.5, 0.8]))
    values = pd.Series([0.5, 0.9, 0.95, 0.98, 0.99])
    assert spread_sparsity(axes, values)
    at = axes.transAxes.inverted().transform(
        axes.transData.transform([(value, 0.0) for value in values])
    )[:, 0]
    assert (np.diff(at) > 0.1).all()
    assert at[-1] < 1
    assert {0.9, 0.95, 0.99} <= set(np.round(axes.get_xticks(), 6))
    assert gather(spread(values.to_numpy())) == pytest.approx(values.to_numpy())


@pytest.mark.parametrize("seeds", [3, FEWEST_FOR_BAND])
def test_few_seeds_have_points_and_a_bar_no_band(seeds: int) -> None:
    axes = Figure().subplots()
    rows = pd.DataFrame({"epoch": [0, 1, 2], "mean": 0.5, "low": 0.2, "high": 0.8, "n": seeds})
    draw_band(axes, rows, "epoch", "mean", look={"color": "k"})
    bands = [one for one in axes.collections if one.get_paths() and one.get_facecolor().size]
    few = seeds < FEWEST_FOR_BAND
    assert bool(bands) != few
    assert (axes.lines[0].get_marker() == ".") == few
    assert ("bar at its end" in band_caption(rows)) == few
    assert ("band" in band_caption(rows)) != few
