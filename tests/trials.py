"""One trial, run in this process: to its end, or to the middle."""

from typing import Any

from nvp.config.trial_config import TrialConfig
from nvp.storage.store import Storage
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions


def run_to_end(config: TrialConfig, storage: Storage, **options: Any) -> str:
    """Run a trial with a checkpoint at every measuring point; return its status."""
    *_, last = run_trial(config, storage, RunOptions(**({"checkpoint_seconds": 0.0} | options)))
    return last.status


def interrupt(config: TrialConfig, storage: Storage, epoch: int, **options: Any) -> None:
    """Run a trial and close it at a measuring point, as Ctrl-C does."""
    trial = run_trial(config, storage, RunOptions(**({"checkpoint_seconds": 0.0} | options)))
    for progress in trial:
        if progress.epoch == epoch:
            trial.close()
