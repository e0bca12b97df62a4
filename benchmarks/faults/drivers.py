"""A study that runs in processes of its own: how it ends, its last line, and what is below it.

Only processes that were started here, or below one that was, get a signal; each by its number.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.study import PRESET
from tests.conftest import ROOT
from tests.processes import descendants

SCRIPT = Path(__file__).with_name("study.py")
BROKEN = ("Traceback (most recent call last)", "Fatal Python error", "*** SIG")
FIRST_LINE = "preset"  # from its first line on, a driver answers for its end
GONE_SECONDS = 30.0  # in which all that a driver started has to end after it


@dataclass
class Driver:
    """A driver that runs; it remembers all processes that it was seen to have below it."""

    process: subprocess.Popen[bytes]
    log: Path
    arguments: list[str]
    started: float = field(default_factory=time.monotonic)
    family: dict[int, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether its process has ended."""
        return self.process.poll() is not None

    @property
    def output(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")

    def look(self) -> list[int]:
        """Remember the processes that are below it now; return their numbers."""
        found = [] if self.ended else descendants(self.process.pid)[1:]
        self.family |= {pid: read_start_time(pid) for pid in found if pid not in self.family}
        return found

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait for its end or a condition; return whether one of them came in time."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            self.look()
            if self.ended or until():
                return True
            time.sleep(0.2)
        return False

    def find(self, *titles: bytes) -> list[int]:
        """Return the processes below it whose command line has one of these, first titles first."""
        lines = [(pid, read_file(pid, "cmdline")) for pid in self.look()]
        for title in titles:
            if found := [pid for pid, line in lines if title in line]:
                return found
        return []

    def list_left(self) -> list[int]:
        """Return the processes below it that still live; an ended one's number may be another's."""
        return [
            pid for pid, start in self.family.items() if start and read_start_time(pid) == start
        ]

    def wait_for_family(self) -> int:
        """Wait until all below it have ended; return how many did not, and kill these."""
        limit = time.monotonic() + GONE_SECONDS
        while (left := self.list_left()) and time.monotonic() < limit:
            time.sleep(0.1)
        for pid in left:
            send(pid, signal.SIGKILL)
        return len(left)

    def kill(self) -> None:
        """Kill it and all below it."""
        self.look()
        for pid in [self.process.pid, *self.list_left()]:
            send(pid, signal.SIGKILL)
        self.process.wait()
        self.wait_for_family()


def start_driver(place: Path, environment: dict[str, str], *flags: str) -> Driver:
    """Start the study in a process group of its own; what it prints goes to a file."""
    place.mkdir(parents=True, exist_ok=True)
    arguments = ["--preset", PRESET, "--storage", str(place), *flags]
    log = place.with_name(f"{place.name}-{time.monotonic_ns()}.txt")  # not on a disk that fills up
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            cwd=ROOT,
            env=os.environ | base_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Driver(process, log, arguments)


def base_environment() -> dict[str, str]:
    """Return the variables of every driver; trials do not starve beside other work."""
    return {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "RAY_ADDRESS": "local",
        "RAY_worker_niceness": "0",
        "NVP_CHECKPOINT_SECONDS": "0.3",
    }


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def read_file(pid: int, name: str) -> bytes:
    """Return a file of a process in /proc; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def read_start_time(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; "" when it has ended or is a zombie."""
    fields = read_file(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return fields[19] if fields and fields[0] != "Z" else ""


def has_last_line(output: str, code: int, arguments: list[str]) -> bool:
    """Whether an output ends as it has to for an exit code.

    0: how to draw the study; 1 and 130: the command that continues it; 2: one line that says why.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if code == 0:
        return last.startswith("draw it:")
    if code == 2:
        return last.startswith("error:")
    if code not in (1, 130):
        return False
    try:
        return shlex.split(last)[-len(arguments) - 1 :] == [str(SCRIPT), *arguments]
    except ValueError:
        return False


def judge_end(driver: Driver, codes: tuple[int, ...], *, spoken: bool = True) -> dict[str, int]:
    """Return what is wrong with how a driver ended.

    Args:
        driver: that has ended.
        codes: that are right.
        spoken: whether it has to say something at its end.
    """
    code, output = driver.process.returncode, driver.output
    return {
        "tracebacks": int(any(mark in output for mark in BROKEN)),
        "wrong exit codes": int(code not in codes),
        "drivers without a last line": int(
            spoken and not has_last_line(output, code, driver.arguments)
        ),
    }
