"""The length of a trial, in steps and in epochs, task by task."""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import steps_per_epoch
from nvp.data.tasks import count_tasks

Counts = int | Sequence[int]  # train images of each task, or of every one


@dataclass(frozen=True)
class Length:
    """Where the tasks of a trial end; without tasks it has one, as long as the trial.

    Attributes:
        epoch_ends: epochs finished at the end of each task, counted from the trial's start.
        step_ends: optimizer steps done by then.
    """

    epoch_ends: tuple[int, ...] = (sys.maxsize,)
    step_ends: tuple[int, ...] = (sys.maxsize,)

    @property
    def epochs(self) -> int:
        """Return the epochs of the whole trial."""
        return self.epoch_ends[-1]

    @property
    def steps(self) -> int:
        """Return the optimizer steps of the whole trial."""
        return self.step_ends[-1]

    def find_task(self, epoch: int) -> int:
        """Return the task that an epoch trains on; epoch 0, the initial network, is of task 0."""
        return bisect_left(self.epoch_ends, epoch)

    def ends_task(self, epoch: int) -> bool:
        """Whether a task ends with an epoch."""
        return self.epoch_ends[self.find_task(epoch)] == epoch

    def measure_progress(self, step: int, *, restart: bool = False) -> float:
        """Return the fraction of training that is done after so many steps, in [0, 1].

        Args:
            step: optimizer steps done.
            restart: count from the start of the task that the next step is of, to its end.
        """
        if not restart:
            return min(step / self.steps, 1.0)
        task = bisect_right(self.step_ends, step)
        if task == len(self.step_ends):
            return 1.0
        start = self.step_ends[task - 1] if task else 0
        return (step - start) / (self.step_ends[task] - start)


def find_length(config: TrialConfig, images: Counts) -> Length:
    """Return the length of a trial; with `steps`, the last epoch of a task may be shorter.

    Raises:
        ValueError: a task has no whole batch.
    """
    counts = [images] * count_tasks(config.data) if isinstance(images, int) else images
    per_epoch = [steps_per_epoch(count, config.data.batch_size) for count in counts]
    steps = [config.steps or config.epochs * each for each in per_epoch]
    epochs = [ceil(total / each) for total, each in zip(steps, per_epoch, strict=True)]
    return Length(tuple(accumulate(epochs)), tuple(accumulate(steps)))


def is_measured(config: TrialConfig, length: Length, epoch: int) -> bool:
    """Whether an epoch is a measuring point: as `probe.every` says, and at the end of a task."""
    return not epoch % config.probe.every or length.ends_task(epoch)


def count_points(config: TrialConfig, length: Length) -> int:
    """Return the measuring points of a trial: the epochs of which `is_measured` is true."""
    every = config.probe.every
    return length.epochs // every + 1 + sum(end % every != 0 for end in length.epoch_ends)


def count_steps(config: TrialConfig, images: Counts) -> int:
    """Return the optimizer steps of a whole trial."""
    return find_length(config, images).steps


def count_epochs(config: TrialConfig, images: Counts) -> int:
    """Return the epochs of a whole trial."""
    return find_length(config, images).epochs
