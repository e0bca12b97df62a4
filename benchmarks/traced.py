"""An actor as the engine starts it, that logs each epoch it trains and each checkpoint it saves.

Importing this module, which Ray does in each worker to find `TracedActor`, wraps the engine's loop
there. A line of the log is JSON: time, process, trial, epoch, and after a save the seconds that may
pass before the next one.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import nvp.trial.attempt
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.running.ray.actor import TrialActor
from nvp.training.record import EpochRecord

LOG = "NVP_BENCHMARK_LOG"
train, save = nvp.trial.attempt.train, nvp.trial.attempt.Attempt.save


class TracedActor(TrialActor):
    """The engine's actor; that Ray finds it here is what it is for."""


def log(trial: str, epoch: int, **more: float) -> None:
    """Append a line, whole or not at all."""
    line = {"time": time.time(), "process": os.getpid(), "trial": trial, "epoch": epoch} | more
    file = os.open(os.environ[LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, (json.dumps(line) + "\n").encode())
    os.close(file)


def traced_train(config: TrialConfig, *arguments: Any) -> Iterator[EpochRecord]:
    """Train, logging each measuring point."""
    for record in train(config, *arguments):
        log(trial_id(config), record.epoch)
        yield record


def traced_save(self: nvp.trial.attempt.Attempt) -> None:
    """Save a checkpoint, and log how long the trial may go without another."""
    save(self)
    pause = max(self.options.checkpoint_seconds, nvp.trial.attempt.CHECKPOINT_COST * self.save_cost)
    log(self.writer.trial_id, self.state.epoch, pause=pause)


nvp.trial.attempt.train = traced_train
nvp.trial.attempt.Attempt.save = traced_save
