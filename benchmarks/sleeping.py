"""Trials that train nothing: an actor as the engine starts it, whose trials sleep and commit a row.

Importing this module, which Ray does in each worker to find `SleepingActor`, puts `sleeping_trial`
in the place of the engine's `run_trial` there; all else is the engine's.
"""

import os
import time
from collections.abc import Iterator

import nvp.running.ray.actor
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.running.ray.actor import TrialActor
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter, find_next_attempt
from nvp.trial.progress import Progress
from nvp.trial.run_options import RunOptions
from nvp.trial.trial_row import trial_row

SECONDS = "NVP_BENCHMARK_SLEEP"  # of each trial; read in the workers
EPOCH_SECONDS = 1.0


def sleeping_trial(
    config: TrialConfig, storage: Storage, options: RunOptions
) -> Iterator[Progress]:
    """Sleep, yielding once a second; then commit a row, after the reads that a real trial makes."""
    started, name = time.time(), trial_id(config)
    if name in read_index(storage, name).rows:
        yield Progress(trial_id=name, status="done")
        return
    writer = TrialWriter(storage, name, find_next_attempt(storage, name))
    end = started + float(os.environ[SECONDS])
    while (remaining := end - time.time()) > 0:
        time.sleep(min(remaining, EPOCH_SECONDS))
        yield Progress(trial_id=name, status="running")
    times = {"started": started, "ended": time.time(), "seconds": time.time() - started}
    writer.commit(
        trial_row(config, "done", None) | {"epochs": 1, "steps": 1, "device": "", **times}
    )
    yield Progress(trial_id=name, status="done")


class SleepingActor(TrialActor):
    """The engine's actor; that Ray finds it here is what it is for."""


assert nvp.running.ray.actor.run_trial
nvp.running.ray.actor.run_trial = sleeping_trial
