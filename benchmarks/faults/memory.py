"""The part that takes the memory away, so that Ray's memory monitor kills workers.

A process beside the study takes memory until the machine uses more than the threshold that the
study's Ray was given, holds it for a while and gives it back. It leaves `LEAST_FREE` in any case.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.faults.drivers import Driver, judge_end, read_start_time, send, start_driver
from benchmarks.faults.finishing import END_SECONDS, LONG, START_SECONDS, finish_study
from benchmarks.faults.scene import Tables
from benchmarks.faults.signals import list_workers
from benchmarks.faults.tally import Tally

NAME = "Ray's memory monitor kills workers"
MARGIN = 0.14  # of the memory, between what is used before and the threshold: Ray itself takes half
OVER = 0.02  # of the memory, that the use passes the threshold by
MOST = 6 * 2**30  # bytes that are taken
LEAST_FREE = 3 * 2**30  # bytes that are left
STEP = 128 * 2**20  # bytes that are taken at a time
TAKE, HOLD = 60.0, 12.0  # seconds: to take it, and to hold it


def read_memory() -> tuple[int, int]:
    """Return (bytes in all, bytes that are available)."""
    lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    sizes = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines}
    return sizes["MemTotal"], sizes["MemAvailable"]


def take_memory(threshold: float) -> None:
    """Take memory until more than `threshold` of it is used, hold it for a while, and end."""
    held: list[bytes] = []
    end = time.monotonic() + TAKE
    while time.monotonic() < end:
        total, free = read_memory()
        if 1 - free / total > threshold:
            end = min(end, time.monotonic() + HOLD)  # from the first moment on
        short = 1 - free / total < threshold + OVER
        if short and free - STEP > LEAST_FREE and len(held) * STEP < MOST:
            held.append(b"1" * STEP)  # written to, so that it really is taken
        else:
            time.sleep(0.1)


def try_memory(
    root: Path, whole: Tables, environment: dict[str, str], count: int, seed: int, tally: Tally
) -> None:
    """Take the memory away from `count` studies; arguments as of `try_signals`."""
    draw = random.Random(seed)
    tally.counts[NAME]["tried"] += 0  # a row that says 0 where no kill was seen
    for number in range(count):
        place = root / f"memory{number}"
        total, free = read_memory()
        threshold = round(1 - free / total + MARGIN, 2)
        more = {
            "RAY_memory_usage_threshold": str(threshold),
            "RAY_memory_monitor_refresh_ms": "100",
        }
        driver = start_driver(place, environment | more, *LONG)
        try:
            driver.wait(START_SECONDS, lambda d=driver: bool(list_workers(d)))
            driver.wait(draw.uniform(0, 4) * (number % 2))  # every second one: at the start
            if press(driver, threshold):
                count_end(driver, tally)
            driver.wait(END_SECONDS)
        finally:
            driver.kill()
        finish_study(place, environment, whole, tally, "after memory was short")
        print(f"    memory: {tally.counts[NAME]['tried']} kills seen", flush=True)


def press(driver: Driver, threshold: float) -> bool:
    """Take the memory away for a while; return whether a process of a trial died meanwhile."""
    before = {pid: read_start_time(pid) for pid in list_workers(driver)}
    command = [sys.executable, "-m", "benchmarks.faults.memory", str(threshold)]
    taker = subprocess.Popen(command, start_new_session=True)
    try:
        driver.wait(2 * TAKE, lambda: taker.poll() is not None)
    finally:
        send(taker.pid, signal.SIGKILL)
        taker.wait()
    return driver.ended or any(read_start_time(pid) != start for pid, start in before.items())


def count_end(driver: Driver, tally: Tally) -> None:
    """Wait for the end of a driver and count what is wrong with it."""
    if not driver.wait(END_SECONDS):
        tally.add(NAME, {"hangs": 1}, driver.output[-300:])
        return
    found = judge_end(driver, (0,))
    found["silent acceptances"] = int("memory" not in driver.output)
    tally.add(NAME, found, f"exit code {driver.process.returncode}; {driver.output[-300:]!r}")


if __name__ == "__main__":
    take_memory(float(sys.argv[1]))
