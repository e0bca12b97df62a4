"""`nvp.run` called from Python does what `main` does; its ends are frames and exceptions."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import nvp
from nvp.analysis.frames.load import StudyFrames
from nvp.config.space import grid
from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, TrialConfig
from nvp.interactive.call import Flags, list_flags
from nvp.models import MODELS
from nvp.planning.design import Design
from nvp.storage.index import read_index
from nvp.storage.plans import format_start_command, make_keeping_command
from nvp.storage.study_folder import open_study
from nvp.study.command_line import build_parser
from nvp.study.study import Study
from tests.in_process import run_main
from tests.small_search import STUDY as SEARCH

DESIGN = Design(
    base=TrialConfig(
        epochs=1,
        data=DataConfig(images=128, batch_size=32),
        model=ModelConfig(name="mlp", width=0.1),
        probe=ProbeConfig(size=64),
    ),
    space={"optim.lr": grid(0.1, 0.2)},
    seeds=2,
)
STUDY = Study(name="called", quick=DESIGN, paper=DESIGN)


def run(place: Path, study: Study = STUDY, **given: Any) -> StudyFrames:
    return nvp.run(study, preset="quick", storage=str(place), no_ray=True, **given)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage in which the study was called."""
    place = tmp_path_factory.mktemp("called")
    run(place)
    return place


def test_it_runs_what_is_missing_and_returns_the_frames_of_the_plan(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_index(open_study(str(place), "called", "quick")).rows
    frames = run(place)
    assert "4 done, 0 to run" in capsys.readouterr().out
    assert set(frames.trials["trial_id"]) == set(before)
    assert frames.trials.groupby("optim.lr").size().to_dict() == {0.1: 2, 0.2: 2}
    assert read_index(open_study(str(place), "called", "quick")).rows == before
    ended = run_main(STUDY, place, "--preset", "quick", "--no-ray")  # and main finds them done
    assert "4 done, 0 to run" in ended.stdout


def test_a_call_of_a_part_returns_that_part_and_leaves_the_plan(place: Path) -> None:
    frames = run(place, settings={"optim.lr": np.float32(0.1)}, seeds=1)
    assert frames.trials["optim.lr"].tolist() == [0.1]
    assert frames.swept == ["seed"]
    assert len(run(place).trials) == 4


def test_more_seeds_are_run_and_the_new_plan_is_shown(place: Path) -> None:
    frames = run(place, seeds=3)
    assert frames.trials["seed"].value_counts().to_dict() == {0: 2, 1: 2, 2: 2}


def test_a_search_is_called_by_its_flags(tmp_path: Path) -> None:
    frames = run(tmp_path, SEARCH, search="optuna", num_trials=2, settings={"epochs": 1})
    assert len(frames.trials) == 2


def test_a_trial_that_failed_is_named_and_has_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(nn.Module):
        def __init__(self, *_: Any) -> None:
            super().__init__()
            raise RuntimeError("broken on purpose")

    with monkeypatch.context() as patch:
        patch.setitem(MODELS, "mlp", Broken)
        frames = run(tmp_path, settings={"optim.lr": 0.1, "seed": 5}, seeds=1)
    assert frames.trials["status"].tolist() == ["failed"]
    said = capsys.readouterr().out
    assert "1 missing" in said
    assert "broken on purpose" in said
    assert run(tmp_path, settings={"optim.lr": 0.1, "seed": 5}, seeds=1).trials[
        "status"
    ].tolist() == ["done"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"settings": {"optim.lrr": 1}}, r"did you mean 'optim.lr'"),
        ({"settings": {"optim.lr": "fast"}}, "optim.lr: expected float"),
        ({"seeds": 0}, "expected a whole number >= 1"),
        ({"search": "optuno"}, "did you mean 'optuna'"),
        ({"num_trials": 3}, "expected --search optuna with it"),
        ({"only": "0123"}, "expected one of the"),
    ],
)
def test_a_wrong_argument_is_a_value_error_of_one_line(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        run(tmp_path, **given)
    assert len(str(raised.value).splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_name_that_is_none_is_refused_as_python_does(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"unexpected argument 'num_trals' \(did you mean 'num_tri"):
        run(tmp_path, num_trals=3)
    with pytest.raises(TypeError, match="expected a mapping"):
        run(tmp_path, settings=["optim.lr=0.1"])


def test_each_flag_of_a_script_can_be_given_to_a_call() -> None:
    options = {action.dest for action in build_parser("x")._actions}
    assert {*Flags.__annotations__, "preset", "storage", "seeds", "settings"} == options - {
        "help",
        "dry_run",  # there would be no frames
    }


def test_a_call_is_kept_as_flags_and_shown_as_a_call(place: Path) -> None:
    given = {"preset": "quick", "seeds": None, "no_ray": True, "redo_changed": False}
    settings = {"optim.milestones": (0.5, np.float64(0.75)), "model.activation": "silu"}
    flags = list_flags(given, settings)
    assert flags == [
        *("--preset", "quick", "--no-ray"),
        *("--set", "optim.milestones=[0.5, 0.75]", "--set", "model.activation=silu"),
    ]
    assert format_start_command(["nvp.run", *flags]) == (
        "nvp.run(STUDY, preset='quick', no_ray=True, "
        "settings={'optim.milestones': [0.5, 0.75], 'model.activation': 'silu'})"
    )
    trial = next(iter(read_index(open_study(str(place), "called", "quick")).rows))
    command = make_keeping_command(open_study(str(place), "called", "quick"), trial)
    assert command.startswith("nvp.run(STUDY, ")
    assert "no_ray=True, preset='quick', storage=" in command
    assert f"only='{trial}', keep_checkpoints=True" in command


def test_a_request_to_end_is_passed_on_once_the_trial_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_CHECKPOINT_SECONDS", "0")
    passed_on: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: passed_on.append(number))
    monkeypatch.setattr("nvp.running.local.Display.update", ask_to_end, raising=False)
    try:
        with pytest.raises(KeyboardInterrupt, match="the running trials are saved"):
            run(tmp_path, settings={"epochs": 500})
    finally:
        signal.signal(signal.SIGTERM, before)
    assert passed_on == [signal.SIGTERM]
    storage = open_study(str(tmp_path), "called", "quick")
    assert storage.files("checkpoints")
    assert not read_index(storage).rows


def ask_to_end(display: Any, progress: Any) -> None:
    if progress.epoch == 2:
        signal.raise_signal(signal.SIGTERM)
