"""Every figure, of a whole study and of what is left of one: it draws, or says why it does not."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import FIGURES as ALL_FIGURES
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.statistics import importance
from nvp.question.figures import SEARCH_FIGURES
from nvp.question.question import Question

pytestmark = pytest.mark.one_in(3)

FIGURES = {name: draw for name, draw in ALL_FIGURES.items() if name not in SEARCH_FIGURES}
Drawn = Callable[[str], Drawing | str]
QUESTION = Question(ask="", x="optim.noise", hue="optim.lr", figures=(), contrasts=())
NOT_DRAWN = {  # of what the small study, four noises at one lr without tasks, has not
    "accuracy_over_tasks": "trials with tasks",
    "neurons_over_tasks": "trials with tasks",
    "interactions": "two levels of optim.lr",
    "collapse": "two levels of optim.lr",
}

ONE_LEVEL = NOT_DRAWN | {  # of one noise
    "interactions": "two levels of optim.noise",
    "importance": "8 settings",
}
UNPRUNED = ONE_LEVEL | {  # of one noise, one seed and no pruning
    "accuracy_vs_sparsity": "trials with prune.method dead",
    "life_cycle": "trials with prune.method dead",
    "effect_map": "a response that varies",
    "competing": "trials of a pruning method",
    "layer_profile": "trials of a pruning method",
    "trade_off": "trials of a pruning method",
}
# one trial has no interval, and that of importances is over settings
OVER_SEEDS = [n for n in FIGURES if n not in {*NOT_DRAWN, "life_cycle", "importance"}]


@pytest.fixture(autouse=True)
def few_forests(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importance, "DRAWS", 2)


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


@pytest.fixture(scope="module")
def whole(frames: StudyFrames) -> Drawn:
    """Return what gives a figure of the whole study, drawn once."""
    return functools.cache(lambda name: drawn(frames, name))


def drawn(frames: StudyFrames, name: str, question: Question = QUESTION) -> Drawing | str:
    """Return a figure, or why there is none."""
    try:
        with style.paper_style():
            return FIGURES[name](frames, question)
    except NothingToDraw as missing:
        return str(missing)


def of(frames: StudyFrames, chosen: Callable[[pd.DataFrame], pd.Series]) -> StudyFrames:
    """Return the study with some of its trials."""
    return replace(frames, trials=frames.trials[chosen(frames.trials)])


@pytest.mark.parametrize("name", FIGURES)
def test_of_a_whole_study_it_draws_and_says_n(whole: Drawn, name: str):
    drawing = whole(name)
    if isinstance(drawing, str):
        assert NOT_DRAWN[name] in drawing
        return
    assert "n = " in drawing.figure.get_supxlabel()
    assert len(drawing.frame)
    assert drawing.figure.get_figwidth() in (style.COLUMN, style.PAGE)
    drawing.figure.draw_without_rendering()


@pytest.mark.parametrize("name", OVER_SEEDS)
def test_two_seeds_have_an_interval_and_one_has_none(frames: StudyFrames, whole: Drawn, name: str):
    both = whole(name)
    one = drawn(of(frames, lambda trials: trials["seed"] == trials["seed"].min()), name)
    assert isinstance(both, Drawing)
    assert isinstance(one, Drawing)
    assert both.frame[["low", "high"]].notna().any(axis=None)
    assert len(one.frame)
    assert one.frame[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("name", FIGURES)
def test_of_one_level_it_draws_or_says_what_is_missing(frames: StudyFrames, name: str):
    one = of(frames, lambda trials: trials["optim.noise"] == trials["optim.noise"].max())
    unpruned = of(one, lambda trials: trials["prune.method"] == "none")
    single = of(unpruned, lambda trials: trials["seed"] == trials["seed"].min())
    for rest, missing in ((one, ONE_LEVEL), (single, UNPRUNED)):
        drawing = drawn(rest, name)
        if name in missing:
            assert isinstance(drawing, str)
            assert missing[name] in drawing
            continue
        assert isinstance(drawing, Drawing)
        assert len(drawing.frame)
        if "optim.noise" in drawing.frame:
            assert set(drawing.frame["optim.noise"]) == {one.trials["optim.noise"].max()}


@pytest.mark.parametrize("name", FIGURES)
def test_without_a_finished_trial_it_says_so(frames: StudyFrames, name: str):
    for status in ("diverged", "failed"):
        lost = replace(frames, trials=frames.trials.assign(status=status))
        reason = drawn(lost, name)
        assert isinstance(reason, str)
        assert "expected" in reason


@pytest.mark.parametrize("name", FIGURES)
def test_trials_that_failed_are_left_out(frames: StudyFrames, name: str):
    trials = frames.trials.copy()
    pruned = trials["prune.method"] != "none"  # some figures are of these, some of the others
    lost = [*trials.index[pruned][:2], trials.index[~pruned][0]]
    trials.loc[lost, "status"] = ["failed", "diverged", "failed"]
    trials.loc[lost, ["test_accuracy", "sparsity"]] = np.nan
    drawing = drawn(replace(frames, trials=trials), name)
    if not isinstance(drawing, str) and name != "life_cycle":
        assert "left out" in drawing.figure.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize("name", FIGURES)
def test_of_methods_as_the_question_it_draws(frames: StudyFrames, name: str):
    question = replace(QUESTION, x="prune.method", hue="optim.noise")
    drawing = drawn(frames, name, question)
    if name in NOT_DRAWN and name != "interactions":  # which is of the question's own keys
        assert isinstance(drawing, str)
        assert NOT_DRAWN[name] in drawing
        return
    assert isinstance(drawing, Drawing)
    assert len(drawing.frame)


def test_levels_that_are_names_stand_as_planned(frames: StudyFrames):
    space = dict(frames.study["space"]) | {"prune.method": ["dead", "none"]}
    planned = replace(frames, study=frames.study | {"space": space})
    question = replace(QUESTION, x="prune.method")
    drawing = drawn(planned, "layer_map", question)
    assert isinstance(drawing, Drawing)
    titles = [axes.get_title() for axes in drawing.figure.axes if axes.get_title()]
    assert titles == ["pruning the dead", "unpruned"]


def test_the_shares_of_what_came_first_are_those_of_the_events(frames: StudyFrames, whole: Drawn):
    drawing = whole("competing")
    assert isinstance(drawing, Drawing)
    pruned = frames.trials[frames.trials["prune.method"] != "none"]["trial_id"]
    events = frames.events[frames.events["trial_id"].isin(pruned)]
    first = events[events["event"].isin(["died", "pruned"])].sort_values(["epoch", "event"])
    first = first.drop_duplicates(["trial_id", "layer", "neuron"])
    born = first[(first["epoch"] == 0) & (first["event"] == "died")]
    first = first.drop(born.index)
    dense = frames.layers[frames.layers["trial_id"].isin(pruned) & (frames.layers["epoch"] == 0)]
    for noise, rows in drawing.frame.groupby("optim.noise"):
        ends = rows[rows["epoch"] == rows["epoch"].max()].set_index("event")["share"]
        own = first[first["optim.noise"] == noise]["event"].value_counts()
        total = dense[dense["optim.noise"] == noise]["dense"].sum()
        total -= (born["optim.noise"] == noise).sum()
        assert ends["died"] == pytest.approx(own.get("died", 0) / total)
        assert ends["pruned"] == pytest.approx(own.get("pruned", 0) / total)


def test_masked_fractions_of_layers_add_up_to_what_is_masked(frames: StudyFrames, whole: Drawn):
    drawing = whole("layer_profile")
    assert isinstance(drawing, Drawing)
    dense = frames.layers.drop_duplicates("layer").astype({"layer": str}).set_index("layer")
    rows = drawing.frame.assign(dense=drawing.frame["layer"].astype(str).map(dense["dense"]))
    masked = (rows["mean"] * rows["dense"]).groupby(rows["optim.noise"]).sum()
    trials = frames.trials[frames.trials["prune.method"] == "dead"]
    expected = trials.groupby("optim.noise")["masked_units"].mean()
    np.testing.assert_allclose(masked, expected, rtol=1e-6)
