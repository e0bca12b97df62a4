"""`nvp export-runs`: no run twice, changed trials replaced, and what it refuses, in a line."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from nvp.__main__ import main
from nvp.config.identity import trial_id
from nvp.planning.plan import make_plan
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.trackers.named import open_tracker
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trial.trial_row import commit_lost
from tests.trackers.tracked import DESIGN, STUDY, run

PLACE = ["--preset", "quick", "--storage", "results"]
OWN = "own_tracker:Lines=runs.jsonl"


def export(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it wrote."""
    capsys.readouterr()
    try:
        code = main(["export-runs", *arguments])
    except SystemExit as ended:
        code = int(ended.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_second_export_writes_what_changed_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder / "results")
    assert "4 new, 0 replaced, 0 unchanged" in export(capsys, "tracked", *PLACE, "--to", OWN)[1]
    assert "0 new, 0 replaced, 4 unchanged" in export(capsys, "tracked", *PLACE, "--to", OWN)[1]
    storage = open_study("results", "tracked", "quick")
    changed, before = list(read_index(storage).rows.items())[2]
    shutil.rmtree(folder / "results/tracked/quick/trials" / changed)
    run(folder / "results")
    assert read_index(storage).rows[changed]["ended"] > before["ended"]
    assert "0 new, 1 replaced, 3 unchanged" in export(capsys, "tracked", *PLACE, "--to", OWN)[1]
    rows = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    assert [row["trial_id"] for row in rows][4:] == [changed]


def test_a_half_failed_study_shows_what_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = list(make_plan(DESIGN).trials.values())
    run(folder / "results")
    storage = open_study("results", "tracked", "quick")
    for config in plan[:2]:
        shutil.rmtree(folder / "results/tracked/quick/trials" / trial_id(config))
    commit_lost(plan[0], storage, "Traceback ...\nRuntimeError: boom")
    code, out, err = export(capsys, "tracked", *PLACE, "--to", OWN)
    assert (code, err) == (0, "")
    assert "1 trial not finished yet, and left out\n" in out
    assert "1 trial failed: their runs say so and why\n" in out
    rows = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    failed = next(row for row in rows if row["status"] == "failed")
    assert failed["tags"]["error"] == "RuntimeError: boom"
    assert len(rows) == 3


def test_an_empty_study_and_wrong_names_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder / "results", only=list(make_plan(DESIGN).trials)[0])
    shutil.rmtree(folder / "results/tracked/quick/trials")
    cases = {
        ("tracked", *PLACE, "--to", OWN): "expected a finished trial in",
        ("tracket", *PLACE, "--to", OWN): "did you mean 'tracked'?",
        ("tracked", *PLACE, "--to", "tensorbord"): "did you mean 'tensorboard'?",
        ("tracked", *PLACE): "--to",
    }
    for arguments, expected in cases.items():
        code, out, err = export(capsys, *arguments)
        assert (code, out, len(err.splitlines())) == (2, "", 1), err
        assert expected in err


def test_trackers_that_cannot_be_used_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = TrackedStudy("results", STUDY.name, "quick")
    for package in ("mlflow.tracking", "wandb", "tensorboard.summary.writer.record_writer"):
        monkeypatch.setitem(sys.modules, package, None)  # as where it is not installed
    cases = {
        "mlflow": "expected the package mlflow for mlflow, which is not installed: pip install",
        "wandb": r"pip install 'nvp\[wandb\]'",
        "tensorboard": "expected the package tensorboard",
        "own_tracker:refuse": "expected a key in MY_KEY, got none",
        "own_tracker:forget": "expected own_tracker:forget to return an object with place, list_",
        "own_tracker:Line": "did you mean 'Lines'",
        "no_tracker:Lines": "there is no module 'no_tracker'",
    }
    for named, expected in cases.items():
        with pytest.raises(ValueError, match=expected) as refused:
            open_tracker(named, study)
        assert "\n" not in str(refused.value)


def test_a_tracker_that_fails_meanwhile_is_one_line_and_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder / "results")
    code, _, err = export(capsys, "tracked", *PLACE, "--to", "own_tracker:Failing=runs.jsonl")
    assert code == 1
    assert err == (
        "error: tracker own_tracker:Failing=runs.jsonl: RuntimeError: the server has gone; "
        "again: it goes on\n"
    )
