"""Tune's controller without a memory: it forgets the trials that ended, and saves no state.

Tune keeps each trial, with its results, until the study ends, and writes them to a file. Nothing
of that is ever read: the tables have the results, and study.json the plan.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.tune import tune as running
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.progress_reporter import TrialProgressCallback

from nvp.running.ray.side_effects import replaced


class ForgetfulController(TuneController):
    """A controller whose memory depends on the trials under way, and not on those that ended."""

    def checkpoint(self, force: bool = False, wait: bool = False) -> None:
        """Save once, when Tune ends: it then reads the file back."""
        if force:
            super().checkpoint(force=force, wait=wait)

    def step(self) -> None:
        super().step()
        self.forget({*self._stopped_trials, *self._failed_trials} - self._trial_to_actor.keys())

    def forget(self, ended: set[Trial]) -> None:
        """Drop trials that ended and whose processes are free or gone, but for a last one.

        Tune ends with a table of its trials, and refuses an empty one.
        """
        if not ended:
            return
        left = [trial for trial in self._trials if trial not in ended]
        self._trials = left or self._trials[-1:]
        self._trials_to_cache -= ended
        self._stopped_trials -= ended
        self._failed_trials -= ended


class NoLines(TrialProgressCallback):
    """In the place of Tune's own, which prints a line a trial, or nothing, and keeps each trial."""

    def on_trial_result(self, *arguments: Any, **info: Any) -> None:
        """Do nothing."""

    def on_trial_error(self, *arguments: Any, **info: Any) -> None:
        """Do nothing."""

    def on_trial_complete(self, *arguments: Any, **info: Any) -> None:
        """Do nothing."""


@contextmanager
def forgetting() -> Iterator[None]:
    """Let Tune run trials with this controller."""
    with replaced(running, "TuneController", ForgetfulController):
        yield
