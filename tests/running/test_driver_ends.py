"""A driver on a real Ray that is ended, or whose Ray is: its last words, and nothing hangs."""

import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest
import ray

from nvp.running.ray import memory_shortage
from studies.sgd_noise import STUDY
from tests.conftest import start_study
from tests.in_process import run_main
from tests.processes import descendants, wait_for

LONG = ["--preset", "quick", "--seeds", "1", "--set", "epochs=400", "--set", "optim.noise=2",
        "--set", "data.batch_size=64", "--set", "data.images=400"]  # fmt: skip
OFTEN = {"NVP_CHECKPOINT_SECONDS": "0.1"}


def find_process(driver: Popen[str], name: bytes) -> list[int]:
    """Return the ids of the processes below a driver whose command has a name in it."""
    commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in descendants(driver.pid)[1:]}
    return [pid for pid, file in commands.items() if file.exists() and name in file.read_bytes()]


def is_training(place: Path) -> Callable[[], bool]:
    folder = place / "sgd_noise/quick/checkpoints"
    return lambda: len(list(folder.glob("*/*.safetensors"))) >= 2


def read_end(process: Popen[str]) -> tuple[str, str]:
    """Return the two last lines of a driver that ends within a while, without a traceback."""
    output, _ = process.communicate(timeout=100)
    assert "Traceback" not in output
    what, command = output.strip().splitlines()[-2:]
    assert shlex.split(command)[1:] == [process.args[1], *process.args[2:]]
    return what, output


@pytest.mark.minutes
@pytest.mark.parametrize("name", ["raylet/raylet", "gcs_server"])
def test_ray_is_killed_under_the_driver(tmp_path: Path, name: str) -> None:
    process = start_study(tmp_path, *LONG, env=OFTEN)
    wait_for(is_training(tmp_path), process)
    os.kill(find_process(process, name.encode())[0], signal.SIGKILL)
    what, output = read_end(process)
    assert process.returncode == 1, output
    assert what.startswith("error: Ray's ")
    assert "ended: it was killed, or it crashed" in what
    assert what.endswith("this command continues:")
    assert len(output.strip().splitlines()) <= 6, output


@pytest.mark.minutes
def test_a_storage_that_is_taken_away_ends_the_driver_at_the_first_trial_that_meets_it(
    tmp_path: Path,
) -> None:
    process = start_study(tmp_path, *LONG, env=OFTEN)
    wait_for(is_training(tmp_path), process)
    (tmp_path / "sgd_noise").rename(tmp_path / "away")
    (tmp_path / "sgd_noise").write_bytes(b"")
    what, output = read_end(process)
    assert process.returncode == 1, output
    assert "storage: expected to write to" in output
    assert output.count("its process died") <= 2, "each of the running trials at most once"


@pytest.mark.minutes
@pytest.mark.parametrize("to_all", [False, True], ids=["driver alone", "whole group"])
def test_a_driver_on_ray_is_told_to_end(tmp_path: Path, to_all: bool) -> None:
    """By `kill`, and by `timeout` or a batch system, which tell all of Ray's processes, too."""
    process = start_study(tmp_path, *LONG, env=OFTEN)
    wait_for(is_training(tmp_path), process)
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGTERM)
    what, output = read_end(process)
    assert process.returncode == 130, output
    assert what.startswith("interrupted")
    assert "SIGTERM: saving the running trials" in output


@pytest.mark.minutes
def test_a_driver_is_told_to_end_while_ray_starts(tmp_path: Path) -> None:
    process = start_study(tmp_path, *LONG, env=OFTEN)
    wait_for(lambda: bool(find_process(process, b"gcs_server")), process)
    os.kill(process.pid, signal.SIGTERM)
    what, output = read_end(process)
    assert process.returncode == 130, output
    assert what == "interrupted; this command continues:"


@pytest.mark.minutes
def test_memory_that_does_not_come_back_ends_the_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray takes 2 % of the memory for too much: it ends each process as soon as it is there."""
    assert not ray.is_initialized()
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.02")
    monkeypatch.setattr(memory_shortage, "PAUSES", (0.1, 0.1))
    ended = run_main(STUDY, tmp_path, *LONG)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Ray ended its process, since memory is short (" in ended.stdout
    assert "at most 1 trials at a time" in ended.stdout
    said = ended.stderr.strip().splitlines()
    assert said[0].startswith("error: memory: Ray ended the processes of trials 3 times")
    assert said[1] == "this command continues:"
    assert len(said) == 3
    assert "Traceback" not in ended.stdout + ended.stderr
