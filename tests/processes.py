"""Processes that tests start: who descends from them, waiting for a moment, killing them in one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest


def descendants(pid: int) -> list[int]:
    """Return the ids of a process and all that it started, and they started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for candidate in found:
        found += [child for child, parent in parents.items() if parent == candidate]
    return found


def kill_all(process: subprocess.Popen[str]) -> None:
    """SIGKILL a process and everything below it, at one moment."""
    family = descendants(process.pid)
    tell(family, signal.SIGSTOP)
    tell(set(family) | set(descendants(process.pid)), signal.SIGKILL)
    process.communicate()


def kill_in(moment: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """SIGKILL a process and all below it in a moment that still lasts: they stand still meanwhile.

    On a busy machine a moment that was seen may be over before the kill arrives.
    """
    while True:
        wait_for(lambda: bool(moment()), process)
        family = descendants(process.pid)
        tell(family, signal.SIGSTOP)
        if moment():
            kill_all(process)
            return
        tell(family, signal.SIGCONT)


def tell(family: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may have ended."""
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], limit: float = 180):
    """Wait until `condition` holds while a process runs."""
    end = time.time() + limit
    while not condition():
        if process.poll() is not None:
            pytest.fail(f"the study ended before its moment:\n{process.communicate()[0]}")
        if time.time() > end:
            kill_all(process)
            pytest.fail(f"no moment within {limit} s")
        time.sleep(0.02)
