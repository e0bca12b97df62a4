"""The watchdog: a trial without progress for long is killed, and runs again elsewhere."""

import os
import time
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Any

import ray

from nvp.trial.progress import Progress

FACTOR = 30  # times the median time between two reports of progress, of all trials
LEAST_SECONDS = float(os.environ.get("NVP_SILENT_SECONDS", "300"))
LOOK_SECONDS = 5.0
REMEMBERED = 1000


@dataclass
class Seen:
    """When a trial last reported a new epoch, and which."""

    trial: Any
    epoch: int
    time: float


class Watchdog:
    """Knows how long the trials of this run take from one measuring point to the next.

    It kills nothing before it has seen a first such time.
    """

    def __init__(self) -> None:
        self.running: dict[str, Seen] = {}
        self.steps: deque[float] = deque(maxlen=REMEMBERED)
        self.looked = 0.0

    def start(self, name: str, trial: Any) -> None:
        """Take in that a trial starts, or starts again."""
        self.running[name] = Seen(trial, 0, time.monotonic())

    def see(self, progress: Progress) -> None:
        """Take in a report of a trial, also its last one.

        The first report of a trial gives no pace: the trial may have been continued from a
        checkpoint, so its epochs were not all trained since it started. If the first report is the
        last one too, its pace counts all the same: there is no other.
        """
        seen, now = self.running.get(progress.trial_id), time.monotonic()
        if seen is None or progress.epoch == seen.epoch:
            return
        if seen.epoch or progress.status != "running":
            self.steps.append((now - seen.time) / (progress.epoch - seen.epoch))
        seen.epoch, seen.time = progress.epoch, now

    def end(self, name: str) -> None:
        """Take in that a trial is not running any more."""
        self.running.pop(name, None)

    @property
    def patience(self) -> float:
        """Return the seconds without progress after which a trial counts as stuck."""
        return max(LEAST_SECONDS, FACTOR * median(self.steps)) if self.steps else float("inf")

    def silent(self) -> list[tuple[str, float]]:
        """Return the trials that are stuck, each with its seconds without progress."""
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return []
        self.looked, patience = now, self.patience
        quiet = [(name, now - seen.time) for name, seen in self.running.items()]
        return [(name, seconds) for name, seconds in quiet if seconds > patience]

    def kill(self, name: str) -> None:
        """End the process of a trial; Tune then sees it die."""
        actor = self.running.pop(name).trial.temporary_state.ray_actor
        if actor is not None:
            ray.kill(actor)
