"""Loops in processes of their own: killed and continued, one study of many, one writer a trial."""

import json
import logging
import multiprocessing
import random
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from nvp.monitor.monitor import Monitor
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study, read_study
from tests.monitor.loop import load_images, make_network, run
from tests.rows import Tables, sorted_rows

LONGEST = 0.8  # seconds from a process's first observation to its kill
PAUSE = 0.1


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Return what starts processes that have torch and nvp loaded already."""
    context = multiprocessing.get_context("forkserver")
    # the first optimizer would import torch's compiler, for seconds, in each process
    context.set_forkserver_preload(["torch._dynamo", "tests.monitor.loop"])
    return context


def rows(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "loop", "monitor"))


def train(context: ForkServerContext, place: Path, epochs: int, kill: float | None = None) -> int:
    """Run the loop in a process of its own; kill it after so many seconds; return its exit code."""
    pause = 0.0 if kill is None else PAUSE
    process = context.Process(target=run, args=(str(place), place / "own.pt", epochs, pause))
    place.mkdir(exist_ok=True)
    before = list_observations(place)
    process.start()
    if kill is not None:
        await_observation(place, before)
        process.join(kill)
        process.kill()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def list_observations(place: Path) -> set[Path]:
    return set((place / "loop/monitor/observations").glob("*/*.safetensors"))


def await_observation(place: Path, before: set[Path]) -> None:
    """Wait until a process has observed something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if list_observations(place) - before:
            return
        time.sleep(0.005)
    pytest.fail("no observation within a minute")


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.minutes)])
def test_killed_at_random_points_equals_unbroken(
    tmp_path: Path, processes: ForkServerContext, kills: int
) -> None:
    epochs = 1 + 4 * kills  # three pauses each: too long to end before the last kill
    seed = random.SystemRandom().randrange(10**6)
    logging.warning("moments of the kills: seed %d", seed)
    draw = random.Random(seed)
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    for _ in range(kills):
        assert train(processes, broken, epochs, draw.uniform(0.0, LONGEST)) == -9
    assert train(processes, broken, epochs) == 0
    assert train(processes, whole, epochs) == 0
    unbroken = rows(whole)
    assert {row["event"] for row in unbroken["events"]} >= {"died", "pruned"}
    assert {row["epoch"] for row in unbroken["epochs"]} == set(range(epochs + 1))
    assert rows(broken) == unbroken
    storage = open_study(str(broken), "loop", "monitor")
    (row,) = read_index(storage).rows.values()
    assert row["attempt"] == kills + 1
    assert len(read_study(storage)["starts"]) == kills + 1
    assert not list(storage.files("observations"))
    tables = ("epochs", "layers", "neurons", "events")
    left = {name for table in tables for name in storage.files(table)}
    assert left == set(json.loads(row["manifest"])), "parts of killed attempts stayed"


def test_processes_side_by_side_write_one_study(
    tmp_path: Path, processes: ForkServerContext
) -> None:
    """Three trials at once; a second writer of one is refused until its writer is killed."""
    runs = [
        processes.Process(target=run, args=(str(tmp_path), tmp_path / f"{widen}.pt", 2, 0.0, widen))
        for widen in (1, 2)
    ]
    held = processes.Process(target=run, args=(str(tmp_path), tmp_path / "3.pt", 2, 60.0, 3))
    for process in [held, *runs]:
        process.start()
    await_observation(tmp_path, set())
    for process in runs:
        process.join()
        assert process.exitcode == 0
    while len(list_observations(tmp_path)) != 1:  # the held one's first
        time.sleep(0.01)
    images, _ = load_images(100)
    arguments = {"study": "loop", "storage": tmp_path, "config": {"optim.lr": 0.3, "widen": 3}}
    with pytest.raises(ValueError, match=f"no other monitor of this trial, but process {held.pid}"):
        Monitor(make_network(), images, **arguments)
    held.kill()
    held.join()
    monitor = Monitor(make_network(), images, **arguments)
    assert monitor.epoch == 0
    study = read_study(open_study(str(tmp_path), "loop", "monitor"))
    assert {trial["widen"] for trial in study["trials"].values()} == {1, 2, 3}
    assert len(study["starts"]) == 4
    assert len(rows(tmp_path)["trials"]) == 2
    monitor.close()
