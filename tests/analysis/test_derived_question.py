"""A study without a question of its own is asked about its swept keys, drawn and answered.

The figures of each case are drawn; those of two of them are written to files, by the command.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.wording import write_answer
from nvp.analysis.command import main
from nvp.analysis.frames.load import load
from nvp.analysis.plots.figures import draw
from nvp.analysis.selection.question_of_study import question_of
from nvp.config.space import Grid, grid
from nvp.config.trial_config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    TrialConfig,
)
from nvp.planning.design import Design
from nvp.question.question import DEATH, METHOD
from nvp.study.study import Study
from tests.small_studies import run_here

BASE = TrialConfig(
    epochs=2,
    data=DataConfig(name="digits", batch_size=32, images=128),
    model=ModelConfig(name="convnet", width=0.25),
    optim=OptimConfig(lr=0.2),
    prune=PruneConfig(patience=1, tau=0.3),
    probe=ProbeConfig(size=64),
)
RATES, NOISES = grid(0.05, 0.4), grid(0.0, 2.0)
DEATHS = ("dead_at_end", "dead_over_epochs")
# name: axes, x, hue, figures, {(value, key) of the contrasts}
CASES: dict[str, tuple[dict[str, Grid], str, str, tuple[str, ...], list[tuple[str, str]]]] = {
    "seeds_alone": ({}, METHOD, "optim.lr", (*DEATHS, "survival"), []),
    "one_axis": (
        {"optim.lr": RATES},
        *("optim.lr", METHOD, (*DEATHS, "effect_map", "survival")),
        [(DEATH, "optim.lr")],
    ),
    "two_axes": (
        {"optim.lr": RATES, "model.activation": grid("relu", "silu", "tanh")},
        *("model.activation", "optim.lr", (*DEATHS, "effect_map", "survival")),
        [(DEATH, "model.activation"), (DEATH, "optim.lr")],
    ),
    "with_a_method": (
        {"optim.noise": NOISES, METHOD: grid("none", "nvp")},
        *("optim.noise", METHOD, (*DEATHS, "effect_map", "survival", "trade_off")),
        [(DEATH, "optim.noise"), ("test_accuracy", METHOD)],
    ),
    "pruned_alone": (
        {METHOD: grid("random", "nvp"), "prune.sparsity": grid(0.3, 0.6)},
        *("prune.sparsity", METHOD, ("effect_map", "survival", "trade_off")),
        [("test_accuracy", "prune.sparsity"), ("test_accuracy", METHOD)],
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what runs the small study of a case, of two seeds, once, and says where it is."""
    place = tmp_path_factory.mktemp("studies")

    @cache
    def run(name: str) -> Path:
        design = Design(base=BASE, space=CASES[name][0], seeds=2)
        run_here(Study(name=name, paper=design, quick=design), place)
        return place

    return run


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_a_study_without_a_question_is_drawn_and_answered(
    name: str, run: Callable[[str], Path]
) -> None:
    _, x, hue, figures, contrasts = CASES[name]
    frames = load(str(run(name)), name, "quick")
    question = question_of(frames)
    assert (question.x, question.hue, question.figures) == (x, hue, figures)
    assert [(one.value, one.key) for one in question.contrasts] == contrasts
    assert all(len(draw(frames, figure).frame) for figure in figures)
    assert " ".join(write_answer(answer(frames))).count(" minus ") >= len(contrasts)


@pytest.mark.parametrize(
    "name", ["seeds_alone", pytest.param("pruned_alone", marks=pytest.mark.minutes)]
)
def test_the_command_draws_and_answers_it(
    name: str, run: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place = run(name)
    *_, figures, contrasts = CASES[name]
    assert main([name, "--storage", str(place)]) == 0
    printed = capsys.readouterr().out
    folder = place / name / "quick"
    assert {path.stem for path in (folder / "figures").glob("*.png")} == set(figures)
    assert printed.count(" minus ") >= len(contrasts)
    assert contrasts or "There is nothing to compare" in printed
    assert question_of(load(str(place), name, "quick")).ask in (folder / "report.html").read_text()
