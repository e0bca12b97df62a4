"""`--track`: each trial once while the study runs, and no tracker can hurt the study."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nvp.__main__ import main
from nvp.running import tracking
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from tests.conftest import SMALL, run_study
from tests.trackers.tracked import STUDY, run


def read_lines(file: Path) -> list[str]:
    """Return the trials in a file of the user's tracker, in the order of their export."""
    return [json.loads(line)["trial_id"] for line in file.read_text().splitlines()]


def count_done(folder: Path) -> int:
    """Return how many trials of the study are done."""
    rows = read_index(open_study(str(folder / "results"), STUDY.name, "quick")).rows
    return sum(row["status"] == "done" for row in rows.values())


def test_two_trackers_have_each_trial_once_also_those_of_earlier_starts(folder: Path) -> None:
    run(folder / "results", seeds=1)
    trackers = [f"own_tracker:Lines={name}" for name in ("one", "two")]
    frames = run(folder / "results", track=[*trackers, trackers[0]])
    for name in ("one", "two"):
        assert sorted(read_lines(folder / name)) == sorted(frames.trials["trial_id"])
    run(folder / "results", track=trackers[0])
    assert len(read_lines(folder / "one")) == 4


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Failing", "RuntimeError: the server has gone"),
        ("Dying", "its process ended"),
        ("Hanging", "not done 1 s after the trials"),
    ],
)
def test_a_tracker_that_fails_is_one_line_with_the_command_that_exports_later(
    name: str,
    reason: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracking, "LAST_SECONDS", 1 if name == "Hanging" else 60)
    run(folder / "results", track=f"own_tracker:{name}=runs")
    assert count_done(folder) == 4
    captured = capsys.readouterr()
    said = (captured.out + captured.err).splitlines()
    (line,) = [line for line in said if line.startswith("tracker ")]
    assert line.startswith(f"tracker own_tracker:{name}=runs: {reason}; the study goes on")
    verb, *words = shlex.split(line.partition("exports its trials later: ")[2])
    assert verb == "nvp"
    words[-1] = "own_tracker:Lines=runs"  # once it is repaired
    assert main(words) == 0
    assert len(read_lines(folder / "runs")) == 4


@pytest.mark.minutes
def test_a_study_on_ray_is_followed(folder: Path) -> None:
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    track = ["--track", f"own_tracker:Lines={folder}/runs"]
    ended = run_study(folder / "results", *SMALL, *track, env={"PYTHONPATH": path})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = read_index(open_study(str(folder / "results"), "sgd_noise", "quick")).rows
    assert sorted(read_lines(folder / "runs")) == sorted(rows)


def test_a_driver_does_not_import_what_trackers_need() -> None:
    code = "import sys, nvp.running.tracking as _; assert 'pandas' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("own_tracker:refuse", "--track: expected a key in MY_KEY, got none"),
        ("own_tracker:Lins", "did you mean 'Lines'"),
        ("mlfow", "did you mean 'mlflow'?"),
    ],
)
def test_a_tracker_that_cannot_be_used_is_refused_before_anything_starts(
    named: str, expected: str, folder: Path
) -> None:
    with pytest.raises(ValueError, match=expected.replace("?", r"\?")) as refused:
        run(folder / "results", track=named)
    assert "\n" not in str(refused.value)
    assert not (folder / "results/tracked/quick/study.json").exists()
