"""The command line: what cannot be meant ends with one line and exit code 2, and at once."""

import shlex
import time
from pathlib import Path

import pytest

from nvp.__main__ import main as run_verb
from nvp.planning.plan import MOST_TRIALS
from nvp.storage.studies import describe_missing
from nvp.study.study import Study
from studies.sgd_noise import STUDY
from tests.in_process import run_main
from tests.small_search import STUDY as SEARCH


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--only", ""], "argument --only: expected a trial id"),
        (["--only", " "], "argument --only: expected a trial id"),
        (["--seeds", "0"], "argument --seeds: expected a whole number >= 1 and <= 100000, got '0'"),
        (["--seeds", "²"], "argument --seeds: expected a whole number"),
        (["--seeds", "1000000"], "argument --seeds: expected a whole number >= 1 and <= 100000"),
        (["--seeds", "9" * 5000], "argument --seeds: expected a whole number"),
        (["--seeds", "50000"], "--seeds: expected at most 100,000 trials in all, got 16 cells x"),
        (["--max-concurrent", "1.5"], "argument --max-concurrent: expected a whole number"),
        (["--set", "="], "--set: expected PATH=VALUE"),
        (["--set", "lr=0.1"], "unknown configuration path 'lr' (did you mean 'optim.lr'?)"),
        (
            ["--set", "name=x"],
            "(did you mean 'data.name' or 'model.name' or 'optim.name' or 'remedy.name'?)",
        ),
        (["--set", "optim.milestones=0.5,0.9"], "in brackets, e.g. [0.5, 0.75], got '0.5,0.9'"),
        (["--set", "model.activation=Relu"], "got 'Relu' (did you mean 'relu'?)"),
        (["--set", "model.activation=RELU"], "got 'RELU' (did you mean 'relu'?)"),
        (["--set", "model.width=1e9"], "model.width: expected layers of at most 1,000,000"),
        (["--set", "model.width=200"], "model.width: expected a network of at most 1,000,000,000"),
        (["--set", "data.batch_size=1"], "data.batch_size: expected at least 2"),
        (["--set", "epochs=1e10"], "epochs: expected at most 1,000,000,000, got 10000000000"),
        (["--set", "model.slope=.3"], "--set model.slope: no trial of this plan reads it"),
        (["--set", "model.weights=a b.pth"], "got 'a b.pth' (no such file)"),
    ],
)
def test_it_is_refused_in_one_line(tmp_path: Path, flags: list[str], wanted: str) -> None:
    ended = run_main(STUDY, tmp_path, "--preset", "quick", "--no-ray", *flags)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert wanted in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_search_of_too_many_trials_is_refused(tmp_path: Path) -> None:
    flags = ("--search", "optuna", "--num-trials", str(MOST_TRIALS), "--seeds", "2", "--dry-run")
    ended = run_main(SEARCH, tmp_path, "--preset", "quick", *flags)
    assert ended.returncode == 2
    assert "got 100,000 configurations x 2 seeds" in ended.stderr


@pytest.mark.parametrize("flags", [["epochs=1e9"], ["steps=1e9"], ["epochs=1e9", "probe.every=7"]])
def test_a_dry_run_of_any_length_takes_no_longer(tmp_path: Path, flags: list[str]) -> None:
    settings = [part for flag in flags for part in ("--set", flag)]
    begun = time.process_time()
    shown = run_main(STUDY, tmp_path, "--preset", "quick", "--dry-run", *settings)
    assert time.process_time() - begun < 20
    assert shown.returncode == 0
    assert " h one after another" in shown.stdout
    assert " GB of tables" in shown.stdout


def test_a_long_list_is_cut_and_says_how_much_is_left(tmp_path: Path) -> None:
    shown = run_main(STUDY, tmp_path, "--preset", "quick", "--dry-run", "--seeds", "100")
    assert "\n... and 600 more\n" in shown.stdout
    assert "0 done, 1600 to run, 0 failed before" in shown.stdout
    assert shown.stdout.count(" missing ") == 1000


def test_printed_commands_work_for_a_place_with_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "a place; with 'all'"
    study = Study(name=STUDY.name, quick=STUDY.quick, paper=STUDY.paper)
    flags = ("--preset", "quick", "--no-ray", "--seeds", "1", "--set", "epochs=1", "--set",
             "data.images=64", "--set", "data.batch_size=32", "--set", "prune.method=none",
             "--set", "optim.lr=0.1", "--set", "optim.noise=1",
             "--set", "model.width=0.1")  # fmt: skip
    ended = run_main(study, place, *flags)
    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("draw it: ")]
    *program, verb = shlex.split(line.removeprefix("draw it: "))[:-5]
    assert verb == "analyse"
    command = shlex.split(line)[-6:]
    assert command == ["analyse", "sgd_noise", "--preset", "quick", "--storage", str(place)]
    assert program
    monkeypatch.setattr("sys.argv", ["nvp", *command])
    assert run_verb([*command, "--figure", "dead_over_epochs"]) == 0  # the others are slow to draw
    assert (place / "sgd_noise/quick/report.html").exists()
    said = describe_missing(str(place), "sgd_noise", "paper")
    again = shlex.split(said.partition("to run it: ")[2])
    assert again == ["python", "studies/sgd_noise.py", "--preset", "paper", "--storage", str(place)]
