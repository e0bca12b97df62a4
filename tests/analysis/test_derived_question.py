"""A study that STUDIES does not know is asked about its swept keys, drawn and answered."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nvp.analysis.command import main
from nvp.analysis.frames.load import load
from nvp.analysis.selection.question import DEATH, METHOD
from nvp.analysis.selection.studies import question_of
from nvp.config.space import Grid, grid
from nvp.config.trial_config import DataConfig, ModelConfig, OptimConfig, PruneConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study
from tests.small_studies import run_here

BASE = TrialConfig(
    epochs=2,
    data=DataConfig(name="digits", batch_size=64, images=320),
    model=ModelConfig(name="convnet", width=0.5),
    optim=OptimConfig(lr=0.2),
    prune=PruneConfig(patience=1, tau=0.3),
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


def run_study(name: str, space: Mapping[str, Grid], place: Path) -> None:
    """Run a small study of two seeds."""
    design = Design(base=BASE, space=dict(space), seeds=2)
    run_here(Study(name=name, paper=design, quick=design), place)


@pytest.mark.parametrize("name", CASES)
def test_a_study_without_a_question_is_drawn_and_answered(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space, x, hue, figures, contrasts = CASES[name]
    run_study(name, space, tmp_path)
    question = question_of(load(str(tmp_path), name, "quick"))
    assert (question.x, question.hue, question.figures) == (x, hue, figures)
    assert [(one.value, one.key) for one in question.contrasts] == contrasts
    capsys.readouterr()
    assert main([name, "--storage", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    folder = tmp_path / name / "quick"
    drawn = {path.stem for path in (folder / "figures").glob("*.png")}
    assert drawn == set(figures)
    assert printed.count(" minus ") >= len(contrasts)
    assert contrasts or "There is nothing to compare" in printed
    assert question.ask in (folder / "report.html").read_text()
