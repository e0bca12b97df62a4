"""A study on a small file system that fills up or goes away: run by `disk`, in a namespace."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.faults.drivers import Driver, judge_end, send, start_driver
from benchmarks.faults.finishing import END_SECONDS, LONG, START_SECONDS, judge_tables
from benchmarks.faults.signals import list_workers
from benchmarks.faults.study import NAME, PRESET

SIZE = "64m"
LEFT = 16 * 1024  # bytes that stay free, at most
BALLAST = "ballast"


def run_task(task: dict[str, Any]) -> tuple[dict[str, int], str]:
    """Run a study on a small file system, break it, mend it, run it to its end.

    Args:
        task: `place`, an empty folder; `whole`, a file with the unbroken tables; `moment`, one of
            start, running, incident and outage; `ray`; `seed`.
    """
    draw, place = random.Random(task["seed"]), Path(task["place"])
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    subprocess.run(mount, check=True, stdout=sys.stderr)
    flags = LONG if task["ray"] else (*LONG, "--no-ray")
    if task["moment"] == "start":
        fill(place, draw)
    driver = start_driver(place, {}, *flags)
    try:
        if task["moment"] != "start":
            wait_for_trials(driver, place)
            driver.wait(draw.uniform(0, 2))
            break_storage(driver, place, task["moment"], draw)
        found, note = judge_driver(driver)
    finally:
        driver.kill()
    mend(place)
    whole = json.loads(Path(task["whole"]).read_text())
    return found | judge_tables(place, {}, whole), note


def wait_for_trials(driver: Driver, place: Path) -> None:
    """Wait until trials have written something."""
    folder = place / NAME / PRESET / "epochs"
    driver.wait(START_SECONDS, lambda: any(folder.glob("*/*/*.arrow")))


def break_storage(driver: Driver, place: Path, moment: str, draw: random.Random) -> None:
    """Fill the disk, and kill a worker where an incident is to be written; or take all away."""
    if moment == "outage":
        (place / NAME).rename(place / "away")
        (place / NAME).write_bytes(b"")
        return
    fill(place, draw)
    workers = list_workers(driver)
    if moment == "incident" and workers:
        send(draw.choice(workers), signal.SIGKILL)


def fill(place: Path, draw: random.Random) -> None:
    """Fill the file system but for a few bytes."""
    state = os.statvfs(place)
    free = state.f_bavail * state.f_frsize - draw.randrange(0, LEFT, 4096)
    with suppress(OSError):  # trials write meanwhile: then it is full all the same
        (place / BALLAST).write_bytes(bytes(max(free, 0)))


def mend(place: Path) -> None:
    """Free the disk, or bring the storage back."""
    (place / BALLAST).unlink(missing_ok=True)
    if (place / "away").exists():
        (place / NAME).unlink()
        (place / "away").rename(place / NAME)


def judge_driver(driver: Driver) -> tuple[dict[str, int], str]:
    """Wait for the end of a driver; return what is wrong with it, and a note."""
    if not driver.wait(END_SECONDS):
        return {"hangs": 1}, driver.output[-300:]
    found = judge_end(driver, (0, 1, 2))
    return found, f"exit code {driver.process.returncode}; {driver.output[-300:]!r}"


if __name__ == "__main__":
    print(json.dumps([run_task(json.loads(sys.argv[1]))]))
