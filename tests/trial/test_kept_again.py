"""Finished trials run again for their checkpoints: nothing is lost meanwhile, nothing doubled."""

import shlex
import sys
from pathlib import Path

import pytest

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.planning.design import Design
from nvp.storage.compact import compact_study
from nvp.storage.index import read_index
from nvp.storage.schema import TABLES
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from nvp.study.study import Study
from nvp.trial import export, overlap, run
from nvp.trial.checkpoint import read_checkpoints
from nvp.trial.trial_row import commit_lost
from tests.in_process import run_main
from tests.rows import sorted_rows
from tests.smallest import SMALLEST
from tests.trials import interrupt, run_to_end

pytestmark = pytest.mark.one_in(2)

CONFIG = SMALLEST.with_overrides({"epochs": 3, "data.batch_size": 32})
NAME = trial_id(CONFIG)
DESIGN = Design(base=CONFIG, space={"optim.lr": grid(0.1, 0.2)}, seeds=1)
STUDY = Study(name="again", paper=DESIGN, quick=DESIGN)
FLAGS = ("--preset", "quick", "--no-ray")


def list_parts(storage: Storage) -> set[str]:
    return {name for table in TABLES if table != "trials" for name in storage.files(table)}


def manifests(storage: Storage) -> set[str]:
    return {part for parts in read_index(storage).manifests.values() for part in parts}


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_finished_study_runs_again_for_its_checkpoints(tmp_path: Path, packed: bool) -> None:
    storage = open_study(str(tmp_path), "again", "quick")
    assert run_main(STUDY, tmp_path, *FLAGS).returncode == 0
    if packed:
        compact_study(storage)
    before = sorted_rows(storage)
    shown = run_main(STUDY, tmp_path, *FLAGS, "--keep-checkpoints", "--dry-run")
    assert "0 done, 2 to run" in shown.stdout
    ended = run_main(STUDY, tmp_path, *FLAGS, "--keep-checkpoints")
    assert ended.returncode == 0, ended.stderr
    assert "2 of them are finished and run again" in ended.stdout
    assert {name.split("/")[1] for name in storage.files("checkpoints")} == set(
        read_index(storage).rows
    )
    assert sorted_rows(storage) == before
    assert list_parts(storage) == manifests(storage), "parts of the old rows are left"
    again = run_main(STUDY, tmp_path, *FLAGS, "--keep-checkpoints")
    assert "2 done, 0 to run" in again.stdout
    compact_study(storage)
    assert sorted_rows(storage) == before


def read_command(message: str) -> list[str]:
    """Return the arguments of the command that a message gives, after `python SCRIPT`."""
    python, script, *arguments = shlex.split(message.rpartition(": ")[2])
    assert (python, script) == ("python", "studies/again.py")
    return arguments


@pytest.mark.parametrize("flags", [(), ("--set", "optim.lr=0.3", "--seeds", "1")])
def test_the_command_that_export_and_overlap_give_leads_to_a_checkpoint(
    tmp_path: Path,
    flags: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "with space"
    assert run_main(STUDY, place, *FLAGS).returncode == 0
    command = ["studies/again.py", *FLAGS, "--storage", "elsewhere", "--only=x", *flags]
    monkeypatch.setattr(sys, "argv", command)
    assert run_main(STUDY, place, *FLAGS, *flags).returncode == 0
    study = read_study(open_study(str(place), "again", "quick"))
    trial = next(iter((study["one_off"][-1] if flags else study)["trials"]))
    named = ["again", "--trial", trial, "--storage", str(place)]
    for verb, more in ((overlap.main, []), (export.main, ["--out", str(tmp_path / "out")])):
        assert verb([*named, *more]) == 2
        arguments = read_command(capsys.readouterr().err)
    ended = run_main(STUDY, place, *arguments)
    assert ended.returncode == 0, ended.stderr
    assert export.main([*named, "--out", str(tmp_path / "out")]) == 0


def test_while_a_trial_runs_again_its_row_and_its_parts_stay(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG, storage)
    before = sorted_rows(storage)
    interrupt(CONFIG, storage, 1, keep_checkpoints=True)
    index = read_index(storage)
    assert not index.damaged
    assert sorted_rows(storage) == before
    assert read_checkpoints(storage, NAME)[0].header["epoch"] == 1
    # a checkpoint of its middle is not the one that was asked for
    assert run_to_end(CONFIG, storage, keep_checkpoints=True) == "done"
    assert read_checkpoints(storage, NAME)[0].header["epoch"] == 3
    assert sorted_rows(storage) == before
    assert list_parts(storage) == manifests(storage)


def test_a_failure_does_not_replace_a_finished_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG, storage)
    before = sorted_rows(storage)

    def refuse(*arguments: object) -> None:
        raise OSError("the data are gone")

    with monkeypatch.context() as patched:
        patched.setattr(run, "load_trial_splits", refuse)
        assert run_to_end(CONFIG, storage, keep_checkpoints=True) == "failed"
    commit_lost(CONFIG, storage, "its process died 4 times")
    assert sorted_rows(storage) == before
