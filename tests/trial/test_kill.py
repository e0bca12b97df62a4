"""Killed and continued = unbroken, also where neurons were removed; Ctrl-C; two drivers."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from tests.conftest import descendants, kill_all, run_study, start_study, wait_for
from tests.rows import Tables, sorted_rows

TRIALS = ["--preset", "quick", "--seeds", "2", "--set", "epochs=10", "--set", "optim.lr=0.2",
          "--set", "optim.noise=2", "--set", "data.batch_size=32",
          "--set", "prune.shrink=always"]  # fmt: skip
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


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    place = tmp_path_factory.mktemp("unbroken")
    ended = run_study(place, *TRIALS, "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    tables = rows(place)
    assert len(tables["trials"]) == 4
    assert any(row["sparsity"] > 0 for row in tables["trials"])
    assert any(row["event"] == "shrunk" for row in tables["events"])
    assert_no_row_twice(tables)
    return tables


def files(place: Path, folder: str) -> list[Path]:
    return [f for f in (place / "sgd_noise/quick" / folder).rglob("*") if f.suffix != ".tmp"
            and f.is_file()]  # fmt: skip


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
    [("planned", ["--no-ray"]), ("in the first trials", []), ("some done, some not", ["--no-ray"])],
)
def test_killed_and_continued_equals_unbroken(
    tmp_path: Path, unbroken, moment: str, how: list[str]
) -> None:
    """Killed on Ray, and continued there or without it: what is in storage is all there is."""
    process = start_study(tmp_path, *TRIALS, env=OFTEN)
    wait_for(lambda: bool(MOMENTS[moment](tmp_path)), process)
    kill_all(process)
    storage = open_study(str(tmp_path), "sgd_noise", "quick")
    finished = set(read_index(storage).rows)
    assert len(finished) < 4
    stamps = {f: f.stat().st_mtime_ns for f in files(tmp_path, "trials")}
    ended = run_study(tmp_path, *TRIALS, *how, env=OFTEN)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(finished)} done, {4 - len(finished)} to run" in ended.stdout
    assert all(f.stat().st_mtime_ns == stamp for f, stamp in stamps.items()), "run again"
    if moment != "planned":
        attempts = {row["attempt"] for row in read_index(storage).rows.values()}
        assert 2 in attempts, "no trial was continued"
    assert_no_row_twice(rows(tmp_path))
    assert rows(tmp_path) == unbroken
    assert not files(tmp_path, "checkpoints")


def actors(pid: int) -> list[int]:
    """Return the ids of the trial processes below a driver."""
    titles = {child: Path(f"/proc/{child}/cmdline") for child in descendants(pid)}
    return [child for child, title in titles.items() if title.exists()
            and b"Trainable" in title.read_bytes()]  # fmt: skip


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


def test_ctrl_c_prints_the_command_that_continues(tmp_path: Path) -> None:
    longer = [*TRIALS, "--seeds", "1", "--set", "epochs=40"]  # not over before the signal arrives
    whole, place = tmp_path / "whole", tmp_path / "interrupted"
    process = start_study(place, *longer, env=OFTEN)
    wait_for(lambda: bool(files(place, "epochs")), process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    command = shlex.split(output.strip().splitlines()[-1])
    assert Path(command[0]).exists()
    assert command[1:] == [process.args[1], *process.args[2:]]
    before = {f.parent.name for f in files(place, "checkpoints")}
    assert before, "no checkpoint was saved on the way out"
    again = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stdout + again.stderr
    assert run_study(whole, *longer, "--no-ray").returncode == 0
    assert rows(place) == rows(whole)


def test_a_second_driver_refuses_and_names_the_first(tmp_path: Path) -> None:
    process = start_study(tmp_path, *TRIALS, "--no-ray")
    wait_for(lambda: (tmp_path / "sgd_noise/quick/study.json").exists(), process)
    second = run_study(tmp_path, *TRIALS, "--no-ray")
    assert second.returncode == 2
    assert f"process {process.pid}" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    kill_all(process)
    after = run_study(tmp_path, *TRIALS, "--no-ray", "--only", "nothing")
    assert "expected one of the 4 trial ids" in after.stderr, "the lock outlived its holder"
