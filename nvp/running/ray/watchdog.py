"""The watchdog: a trial that shows no sign of life for long is ended, and tried again.

A sign of life is a batch of images that was begun, or a new epoch. So a trial of long epochs is not
taken for a stuck one, and how long it may be silent is learnt from its own longest silence.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import ray

from nvp.config.environment import read_number
from nvp.trial.progress import Progress

FACTOR = 10  # times its own longest silence so far: a trial may be silent as long as that
AT_START = 3  # times the least patience: data are loaded, the network is built
LOOK_SECONDS = 5.0


@dataclass
class Seen:
    """The last sign of life of a trial that runs.

    Attributes:
        trial: Tune's.
        time: of the sign, by the monotonic clock; at first, of the start.
        batches: begun until then by the trial's process; None before its first report.
        epoch: of the trial.
        alive: whether there was a sign since the start.
    """

    trial: Any
    time: float
    batches: int | None = None
    epoch: int = 0
    alive: bool = False


class Watchdog:
    """Knows how long each trial was silent, and ends one that is silent for much longer.

    Attributes:
        running: the trials that run.
        longest: {trial: its longest silence so far, in seconds}, in all its attempts.
        kills: how often each trial was ended here: each time, its patience doubles.
        killed: trials that were ended here and whose death Tune has not reported yet.
    """

    def __init__(self) -> None:
        self.least = read_number("NVP_SILENT_SECONDS")
        self.running: dict[str, Seen] = {}
        self.longest: dict[str, float] = {}
        self.kills: Counter[str] = Counter()
        self.killed: dict[str, float] = {}
        self.looked = 0.0

    def start(self, name: str, trial: Any) -> None:
        """Take in that a trial starts, or starts again."""
        self.running[name] = Seen(trial, time.monotonic())
        self.killed.pop(name, None)

    def see(self, progress: Progress, batches: int) -> bool:
        """Take in a report of a trial, also its last one; return whether the trial got on.

        Args:
            progress: of the trial.
            batches: that its process has begun since it was started; other trials' among them.
        """
        name, now = progress.trial_id, time.monotonic()
        seen = self.running.get(name)
        if seen is None:
            return False
        got_on = progress.epoch != seen.epoch or (
            seen.batches is not None and batches > seen.batches
        )
        seen.epoch, seen.batches = progress.epoch, batches
        if got_on:
            self.longest[name] = max(self.longest.get(name, 0.0), now - seen.time)
            seen.time, seen.alive = now, True
        return got_on

    def end(self, name: str) -> None:
        """Take in that a trial is not running any more."""
        self.running.pop(name, None)

    def patience(self, name: str) -> float:
        """Return the seconds without a sign of life after which a trial counts as stuck."""
        least = self.least * (1 if self.running[name].alive else AT_START)
        return max(least, FACTOR * self.longest.get(name, 0.0)) * 2 ** self.kills[name]

    def silent(self) -> list[tuple[str, float]]:
        """Return the trials that are stuck, each with its seconds without a sign of life."""
        now = time.monotonic()
        if now - self.looked < LOOK_SECONDS:
            return []
        self.looked = now
        quiet = [(name, now - seen.time) for name, seen in self.running.items()]
        return [(name, seconds) for name, seconds in quiet if seconds > self.patience(name)]

    def kill(self, name: str, seconds: float) -> None:
        """End the process of a trial that was silent for so long; Tune then sees it die."""
        actor = self.running.pop(name).trial.temporary_state.ray_actor
        self.kills[name] += 1
        self.killed[name] = seconds
        if actor is not None:
            ray.kill(actor)
