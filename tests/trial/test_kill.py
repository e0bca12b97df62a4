"""Killed and continued = unbroken, also where neurons were removed; Ctrl-C; two drivers.

One study goes through it all: interrupted on Ray, continued without, a second driver refused,
killed, continued: the lock has not outlived its holder. Each alone,
at other moments and on Ray, is marked `minutes`.
"""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from studies.sgd_noise import STUDY
from tests.conftest import start_command, start_study
from tests.in_process import run_main
from tests.processes import descendants, kill_all, kill_in, wait_for
from tests.rows import Tables, sorted_rows

CELLS = ["--preset", "quick", "--set", "optim.lr=0.2", "--set", "optim.noise=2",
         "--set", "prune.shrink=always"]  # fmt: skip
TRIALS = [*CELLS, "--seeds", "2", "--set", "epochs=10", "--set", "data.batch_size=32",
          "--set", "data.images=400"]  # fmt: skip
LONG = [*CELLS, "--seeds", "1", "--set", "epochs=90", "--set", "data.batch_size=64",
        "--set", "data.images=256", "--set", "probe.size=64", "--set", "model.width=0.25",
        "--set", "prune.patience=1", "--set", "prune.tau=0.2"]  # fmt: skip  # not over too soon
OFTEN = {"NVP_CHECKPOINT_SECONDS": "0.1"}


def rows(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "sgd_noise", "quick"))


def assert_no_row_twice(tables: dict[str, list[dict]]) -> None:
    keys = {"trials": [], "epochs": ["epoch"], "layers": ["epoch", "layer"],
            "neurons": ["epoch", "layer", "neuron"],
            "events": ["epoch", "layer", "neuron", "event"]}  # fmt: skip
    for name, columns in keys.items():
        found = [tuple(row[c] for c in ["trial_id", *columns]) for row in tables[name]]
        assert len(found) == len(set(found)), name


def run_unbroken(place: Path, arguments: list[str], count: int) -> Tables:
    ended = run_main(STUDY, place, *arguments, "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    tables = rows(place)
    assert len(tables["trials"]) == count
    assert any(row["sparsity"] > 0 for row in tables["trials"])
    assert any(row["event"] == "shrunk" for row in tables["events"])
    assert_no_row_twice(tables)
    return tables


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return run_unbroken(tmp_path_factory.mktemp("unbroken"), TRIALS, 4)


def files(place: Path, folder: str) -> list[Path]:
    return [f for f in (place / "sgd_noise/quick" / folder).rglob("*") if f.suffix != ".tmp"
            and f.is_file()]  # fmt: skip


def saved(place: Path) -> dict[str, str]:
    """Return {trial: its newest checkpoint}."""
    return {f.parent.name: f.name for f in sorted(files(place, "checkpoints"))}


def attempts(place: Path) -> set[int]:
    index = read_index(open_study(str(place), "sgd_noise", "quick"))
    return {row["attempt"] for row in index.rows.values()}


def interrupt(process: subprocess.Popen[str], place: Path) -> list[str]:
    """Send Ctrl-C, as a terminal does: to the whole group; return the command it prints."""
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert saved(place), "no checkpoint was saved on the way out"
    return shlex.split(output.strip().splitlines()[-1])


def assert_second_driver_is_refused(place: Path, first: subprocess.Popen[str]) -> None:
    second = run_main(STUDY, place, *LONG, "--no-ray")
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_interrupted_then_killed_and_each_time_continued_equals_unbroken(tmp_path: Path) -> None:
    """Ctrl-C on Ray; the command that it prints continues without, and is killed; then the rest."""
    place, whole = tmp_path / "place", tmp_path / "whole"
    process = start_study(place, *LONG, env=OFTEN)
    wait_for(lambda: bool(saved(place)), process)
    command = interrupt(process, place)
    assert Path(command[0]).exists()
    assert command[1:] == [process.args[1], *process.args[2:]]
    interrupted = saved(place)
    process = start_command([*command, "--no-ray"], env=OFTEN)
    wait_for(
        lambda: any(saved(place).get(t, last) > last for t, last in interrupted.items()), process
    )
    os.kill(process.pid, signal.SIGSTOP)  # it must not end before it is killed
    assert_second_driver_is_refused(place, process)
    kill_all(process)
    ended = run_main(STUDY, place, *LONG, "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert 3 in attempts(place), "no trial was continued twice"
    assert_no_row_twice(rows(place))
    assert rows(place) == run_unbroken(whole, LONG, 2)
    assert not files(place, "checkpoints")


MOMENTS = {
    "planned": lambda place: (place / "sgd_noise/quick/study.json").exists(),
    "in the first trials": lambda place: len(files(place, "checkpoints")) >= 2,
    "some done, some not": lambda place: (
        files(place, "trials")
        and {f.parent.name for f in files(place, "checkpoints")}
        - {f.parent.parent.name for f in files(place, "trials")}
    ),
}


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        pytest.param(
            "some done, some not",
            ["--no-ray"],
            marks=pytest.mark.minutes,
            id="some done, some not",
        ),
        *(
            pytest.param(moment, [], marks=pytest.mark.minutes, id=f"{moment}, on Ray")
            for moment in MOMENTS
        ),
    ],
)
def test_killed_and_continued_in_another_process_equals_unbroken(
    tmp_path: Path, unbroken, moment: str, how: list[str]
) -> None:
    """Killed on Ray or without, and continued without: what is in storage is all there is."""
    process = start_study(tmp_path, *TRIALS, *how, env=OFTEN)
    kill_in(lambda: MOMENTS[moment](tmp_path), process)
    storage = open_study(str(tmp_path), "sgd_noise", "quick")
    finished = set(read_index(storage).rows)
    assert len(finished) < 4
    stamps = {f: f.stat().st_mtime_ns for f in files(tmp_path, "trials")}
    ended = run_main(STUDY, tmp_path, *TRIALS, "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(finished)} done, {4 - len(finished)} to run" in ended.stdout
    assert all(f.stat().st_mtime_ns == stamp for f, stamp in stamps.items()), "run again"
    if moment != "planned":
        assert 2 in attempts(tmp_path), "no trial was continued"
    assert_no_row_twice(rows(tmp_path))
    assert rows(tmp_path) == unbroken
    assert not files(tmp_path, "checkpoints")


def actors(pid: int) -> list[int]:
    """Return the ids of the trial processes below a driver."""
    titles = {child: Path(f"/proc/{child}/cmdline") for child in descendants(pid)}
    return [child for child, title in titles.items() if title.exists()
            and b"Trainable" in title.read_bytes()]  # fmt: skip


@pytest.mark.minutes
def test_a_killed_trial_process_is_replaced_and_continues(tmp_path: Path, unbroken) -> None:
    process = start_study(tmp_path, *TRIALS, env=OFTEN)
    wait_for(lambda: len(files(tmp_path, "checkpoints")) >= 2, process)
    victims = actors(process.pid)
    assert victims
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "its process died; trying again" in output
    assert "Traceback" not in output
    assert_no_row_twice(rows(tmp_path))
    assert rows(tmp_path) == unbroken
