"""Studies whose loop is not ours: their free keys are columns, and they are drawn and answered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.analysis.answers.answer import answer
from nvp.analysis.command import main
from nvp.analysis.frames.load import load
from nvp.analysis.plots.figures import FIGURES, draw
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.analysis.selection.question_of_study import question_of
from nvp.monitor.monitor import Monitor
from nvp.question.question import METHOD
from tests.monitor.loop import load_images, make_network, mask, train_epoch

Configs = list[Mapping[str, Any]]
TWO_KEYS = [{"warm-up": w, "recipe": r} for w in (0, 3) for r in ("old", "new")]
STUDIES: dict[str, tuple[Configs, int]] = {  # {study: configurations, seeds}
    "two_keys": (TWO_KEYS, 2),
    "one_trial": ([{}], 1),
    "one_cell": ([{"widen": 0.2}], 2),
    "pruned": ([{"keep": 1}, {"keep": 2, "blocks": [1, 2]}], 2),
    "odd_keys": ([{"model.width": "wide"}, {"model.width": 2}, {"data.images": 1.5}], 1),
}


def run_loop(place: Path, study: str, config: Mapping[str, Any], seed: int) -> None:
    """Train two short epochs; mask neurons where the configuration says to keep every other one."""
    network, (images, _) = make_network(), load_images(64)
    rate = 0.3 if config.get("recipe", "new") == "new" else 3.0
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    with Monitor(network, images, study=study, storage=place, config=config, seed=seed) as monitor:
        monitor.observe(0)
        for epoch in (1, 2):
            train_epoch(network, optimizer, epoch + 10 * seed)
            monitor.observe(epoch, val_accuracy=0.5 + 0.01 * seed)
            if config.get("keep", 1) > 1:
                mask(network, config["keep"])
        monitor.finish(test_accuracy=0.6 + 0.01 * seed)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage with all of STUDIES."""
    place = tmp_path_factory.mktemp("monitored")
    for study, (configs, seeds) in STUDIES.items():
        for config in configs:
            for seed in range(seeds):
                run_loop(place, study, config, seed)
    return place


LONG = ("one_cell", "pruned", "odd_keys")
SOME = [s if s not in LONG else pytest.param(s, marks=pytest.mark.minutes) for s in STUDIES]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("study", SOME)
def test_it_is_drawn_and_answered_by_the_command(
    study: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([study, "--storage", str(place)]) == 0
    assert "report: " in capsys.readouterr().out
    drawn = {path.stem for path in (place / study / "monitor/figures").glob("*.png")}
    assert drawn <= set(question_of(load(str(place), study)).figures)
    assert {"dead_at_end", "dead_over_epochs"} <= drawn


def test_its_keys_are_columns_and_axes(place: Path) -> None:
    frames = load(str(place), "two_keys")
    assert frames.swept == ["warm-up", "recipe", "seed"]
    question = question_of(frames)
    assert {question.x, question.hue} == {"warm-up", "recipe"}
    table = answer(frames)
    assert len(table) == 4  # two keys, by two definitions of death
    assert set(table["n"]) == {2}
    assert frames.layers["recipe"].tolist().count("old") > 0


def test_a_study_of_one_trial_shows_its_life(place: Path) -> None:
    assert "life_cycle" in question_of(load(str(place), "one_trial")).figures


def test_trials_that_their_loop_pruned_are_told_from_the_others(place: Path) -> None:
    frames = load(str(place), "pruned")
    by_keep = frames.trials.groupby("keep")[METHOD].agg(set).to_dict()
    assert by_keep == {1: {"none"}, 2: {"by hand"}}
    assert "trade_off" in question_of(frames).figures


def test_levels_of_several_types_have_an_order(place: Path) -> None:
    frames = load(str(place), "odd_keys")
    assert frames.levels("model.width") == ["not given", "wide", 2]
    assert frames.levels("data.images") == ["not given", 1.5]


@pytest.mark.minutes
@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_draws_it_or_says_what_is_missing(figure: str, study: str, place: Path) -> None:
    frames = load(str(place), study)
    try:
        drawn = draw(frames, figure).frame
    except NothingToDraw as missing:
        drawn = [str(missing)]
    assert len(drawn)
