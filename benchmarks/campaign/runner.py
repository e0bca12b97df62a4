"""Working off the list: an item after another, or side by side, until the time is over.

What is done is known from the records in the folder, and of a study from its tables, so a campaign
that was stopped or killed at any moment continues when it is called again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.campaign.bundle import carry_study
from benchmarks.campaign.item import Item
from benchmarks.campaign.record import read_record, write_record

ROOT = Path(__file__).parents[2]
GRACE = 25.0  # seconds that a study has to save its checkpoint once it is told to stop
PATIENCE = 3.0  # times the minutes that an item says: then it counts as failed


@dataclass
class Running:
    """An item whose process runs."""

    item: Item
    process: subprocess.Popen[bytes]
    log: Path
    start: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Return for how long it has been running."""
        return time.monotonic() - self.start

    def stop(self, number: signal.Signals) -> None:
        """Send a signal to its processes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)


@dataclass
class Campaign:
    """A campaign that runs.

    Attributes:
        folder: where everything is kept.
        machine: that it runs on.
        end: when it has to be over, by `time.monotonic`.
        processes: items of studies at a time.
        stopped: whether a signal has ended it.
    """

    folder: Path
    machine: dict[str, Any]
    end: float
    processes: int
    stopped: bool = False
    running: list[Running] = field(default_factory=list)

    def run(self, items: Sequence[Item]) -> None:
        """Run what is not done, in order; those that failed before come last, once each."""
        status = {item.name: read_record(self.folder, item)["status"] for item in items}
        again = [item for item in items if status[item.name] == "failed"]
        waiting = [item for item in items if status[item.name] in ("left", "unfinished")]
        for item in [*waiting, *again]:
            self.wait_for_room(item)
            if self.is_over:
                break
            if 60 * item.minutes <= self.left:
                self.start(item)
        while self.running and not self.is_over:
            self.watch()
        self.end_all()

    @property
    def left(self) -> float:
        """Return the seconds that are left."""
        return self.end - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing may start any more."""
        return self.stopped or self.left <= 0

    def wait_for_room(self, item: Item) -> None:
        """Wait until an item may start: beside no other stage, and beside nothing that is timed."""
        while self.running and not self.is_over:
            beside = self.running[0].item
            together = beside.stage == item.stage and not (item.alone or beside.alone)
            if together and len(self.running) < self.processes:
                return
            self.watch()

    def start(self, item: Item) -> None:
        """Start the process of an item; what it prints goes to a file."""
        log = self.folder / "logs" / f"{item.name}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        print(f"{item.name} starts, {self.left / 60:.1f} minutes are left", flush=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *item.command],
                cwd=ROOT,
                env=environment | item.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(Running(item, process, log))

    def watch(self) -> None:
        """Wait a moment; record what has ended, and end what takes far longer than it said."""
        time.sleep(0.1)
        for one in list(self.running):
            if one.item.minutes and one.seconds > 60 * PATIENCE * one.item.minutes:
                self.kill(one, f"it said it needs {one.item.minutes} minutes")
            if one.process.poll() is not None:
                self.record(one)

    def end_all(self) -> None:
        """Tell what still runs to stop: studies save a checkpoint; record them."""
        for one in self.running:
            one.stop(signal.SIGINT)
        limit = time.monotonic() + GRACE
        while any(one.process.poll() is None for one in self.running) and time.monotonic() < limit:
            time.sleep(0.1)
        for one in list(self.running):
            if one.process.poll() is None:
                self.kill(one, "the time is over, and it did not stop")
            self.record(one)

    def kill(self, one: Running, why: str) -> None:
        """End an item at once, and say so at the end of its output."""
        one.stop(signal.SIGKILL)
        one.process.wait()
        with one.log.open("a") as log:
            log.write(f"\nkilled after {one.seconds:.0f} s: {why}\n")

    def record(self, one: Running) -> None:
        """Write the record of an item whose process has ended."""
        self.running.remove(one)
        record = write_record(
            self.folder,
            one.item,
            self.machine,
            code=one.process.returncode,
            seconds=one.seconds,
            output=one.log.read_text(errors="replace"),
        )
        if one.item.study and record["status"] == "done":
            # now, a tenth of a second a trial, because the end of a call has no time for all
            carry_study(self.folder, self.folder.joinpath("studies", *one.item.study))
        print(f"{one.item.name} {record['status']} after {one.seconds:.0f} s", flush=True)
