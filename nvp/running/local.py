"""Run trials one after another in this process."""

from collections.abc import Iterator

import torch

from nvp.config.trial_config import TrialConfig
from nvp.planning.trial_queue import TrialQueue
from nvp.running.progress import Display
from nvp.storage.store import Storage
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions


def choose_device(gpus: float) -> str:
    """Return the device of trials in this process: a GPU where one is wanted and present."""
    return "cuda" if gpus and torch.cuda.is_available() else "cpu"


def run_in_process(
    trials: dict[str, TrialConfig],
    storage: Storage,
    options: RunOptions,
    *,
    display: Display,
    stop_signals: list[str],
    queue: TrialQueue | None = None,
) -> None:
    """Run `trials`, then those of `queue`, one after another in this process.

    Args:
        trials: {trial id: configuration}, in the order to run them.
        storage: the study's.
        options: how to run them.
        display: shows progress.
        stop_signals: filled by a signal handler; the run ends early once it is not empty.
        queue: of more trials, which are not known yet.
    """
    queue = queue or TrialQueue()
    for name, config in iterate_trials(trials, queue):
        if stop_signals:
            return
        trial = run_trial(config, storage, options)
        for progress in trial:
            display.update(progress)
            if stop_signals and progress.status == "running":
                trial.close()
        queue.note_end(name)


def iterate_trials(
    trials: dict[str, TrialConfig], queue: TrialQueue
) -> Iterator[tuple[str, TrialConfig]]:
    """Yield the known trials, then the queue's: each is taken only once the one before ended."""
    yield from trials.items()
    while (following := queue.next_trial()) is not None:
        yield following
