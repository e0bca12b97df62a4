"""Multilayer perceptrons on MNIST, a whole trial on one core: the two cheapest studies of death.

`NVP_DATA=... python -m benchmarks.small_mlps`: 256-256 without norm, Adam, batches of 128 as the
laptop studies have them (and of 64, without a bar), six epochs of MNIST; and permuted MNIST,
3 x 100, SGD, batches of 16, 10,000 images a task. Probe, validation, test, every row and its commit
are counted, start-up and loading are not. Process CPU seconds on one thread, so that other work
beside it counts little. Seconds of a task are the trial's over its tasks.
"""

import os
import sys
import tempfile
from time import process_time

from benchmarks.bar import SHORT, bar, spread
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_trial_splits
from nvp.storage.study_folder import open_study
from nvp.training.build import set_up_process
from nvp.trial.run import run_trial

ROUNDS, TASKS = int(os.environ.get("ROUNDS", 3)), 5
MNIST = {"data.name": "mnist", "model.name": "mlp", "model.norm": "none"}
WIDE = TrialConfig(epochs=6).with_overrides(
    MNIST | {"model.width": 2.0, "optim.name": "adam", "optim.lr": 0.005, "data.batch_size": 128}
)
NARROWER = WIDE.with_overrides({"data.batch_size": 64})
PERMUTED = TrialConfig(epochs=1).with_overrides(
    MNIST
    | {"model.width": 100 / 128, "model.depth": 3, "optim.lr": 0.01, "data.batch_size": 16}
    | {"data.images": 10_000, "data.task": "permuted", "data.tasks": TASKS}
)


def run_seconds(config: TrialConfig) -> float:
    """Return the CPU seconds of a whole trial."""
    with tempfile.TemporaryDirectory() as place:
        start = process_time()
        *_, last = run_trial(config, open_study(place, "small_mlps", "quick"))
        assert last.status == "done", last
        return process_time() - start


def main() -> int:
    """Print the seconds and the bars."""
    set_up_process("cpu")
    load_trial_splits(WIDE.data, data_root())
    wide, narrower, task = [], [], []
    for _ in range(ROUNDS):
        wide.append(run_seconds(WIDE))
        narrower.append(run_seconds(NARROWER))
        task.append(run_seconds(PERMUTED) / TASKS)
    spread("256-256, 6 epochs, batches of 64", narrower, "s")
    holds = [
        bar("small_mlps.mnist", spread("256-256, 6 epochs", wide, "s"), "<=", 15.0),
        bar("small_mlps.permuted", spread("3 x 100, a task", task, "s"), "<=", 4.0),
    ]
    return 0 if all(holds) else SHORT


if __name__ == "__main__":
    sys.exit(main())
