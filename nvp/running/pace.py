"""The pace of a study's trials, and the time that the others will take."""

import time
from collections.abc import Callable

from nvp.trial.progress import Progress


class Pace:
    """Takes in reports of trials; knows how much of them is done, and how fast that went.

    Time counts from when the first trial began to train: the start of Ray and of its processes says
    nothing about what remains. A trial under way counts by its epochs, else eight trials that run
    side by side would look slow until the first of them ends. What an attempt found done is no work
    of this start.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.begin: float | None = None
        self.before: dict[str, float] = {}  # the share of each trial that its attempt found done
        self.reached: dict[str, float] = {}  # the share of each trial that is done, in [0, 1]

    def note(self, progress: Progress) -> None:
        """Take in a report."""
        began = self.clock() - progress.seconds
        self.begin = began if self.begin is None else min(self.begin, began)
        if progress.trial_id not in self.reached:
            self.before[progress.trial_id] = share_of(progress, progress.continued_from)
        running = progress.status == "running"
        self.reached[progress.trial_id] = share_of(progress, progress.epoch) if running else 1.0

    def estimate_seconds(self, total: int) -> float | None:
        """Return the seconds until all of `total` trials are done; None while that is unknown."""
        done = sum(self.reached.values())
        made = done - sum(self.before.values())
        if self.begin is None or made <= 0:
            return None
        return (self.clock() - self.begin) / made * max(0.0, total - done)


def share_of(progress: Progress, epoch: int) -> float:
    """Return the share of a trial at an epoch; 0 where its length is not known."""
    return min(1.0, epoch / progress.epochs) if progress.epochs else 0.0
