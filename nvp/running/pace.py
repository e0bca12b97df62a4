"""The pace of a study's trials, and the time that the others will take."""

import time
from collections.abc import Callable

from nvp.trial.progress import Progress


class Pace:
    """Takes in reports of trials; knows how much of them is done, and how fast that went.

    Time counts from the first report on: the start of Ray and of its processes says nothing about
    what remains. A trial under way counts by its epochs, else eight trials that run side by side
    would look slow until the first of them ends.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.begin: float | None = None
        self.before: dict[str, float] = {}  # the share of each trial that was done before `begin`
        self.reached: dict[str, float] = {}  # the share of each trial that is done, in [0, 1]

    def note(self, progress: Progress) -> None:
        """Take in a report."""
        share = 1.0
        if progress.status == "running":
            share = min(1.0, progress.epoch / progress.epochs) if progress.epochs else 0.0
        first = self.begin is None
        if self.begin is None:
            self.begin = self.clock()
        if progress.trial_id not in self.reached:
            continued = progress.status == "running" and progress.epoch > 1
            self.before[progress.trial_id] = share if first or continued else 0.0
        self.reached[progress.trial_id] = share

    def estimate_seconds(self, total: int) -> float | None:
        """Return the seconds until all of `total` trials are done; None while that is unknown."""
        done = sum(self.reached.values())
        made = done - sum(self.before.values())
        if self.begin is None or made <= 0:
            return None
        return (self.clock() - self.begin) / made * max(0.0, total - done)
