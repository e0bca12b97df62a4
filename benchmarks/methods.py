"""Every pruning method once, on one small setting: docs/methods, its figures and its tables.

`python -m benchmarks.methods` trains (about ten minutes), then draws and writes; with `--pages` it
only draws and writes, from the results that are there. No bar: the setting calls no winner.
"""

import csv
import sys
import time
from pathlib import Path

from benchmarks.method_figures import draw_methods
from benchmarks.method_pages import FOLDER, write_pages
from benchmarks.method_results import SEEDS, SETTING
from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.splits import Splits
from nvp.network.train_state import Diverged
from nvp.pruning import METHODS
from nvp.training.build import build, set_up_process
from nvp.training.loop import train
from nvp.training.record import EpochRecord

RESULTS = FOLDER / "results.csv"
COLUMNS = ("method", "seed", "epoch", "val_accuracy", "sparsity", "weight_sparsity")


def run_method(method: str, seed: int, data: Splits) -> list[tuple]:
    """Return a row of COLUMNS for each measuring point; fewer when the run diverged."""
    config = TrialConfig().with_overrides({**SETTING, "prune.method": method, "seed": seed})
    state, rows = build(config, data, "cpu"), []
    try:
        for record in train(config, data, state):
            rows.append(row_of(method, seed, record))
    except Diverged as reason:
        print(f"    {method}, seed {seed}: {reason}")
    return rows


def row_of(method: str, seed: int, record: EpochRecord) -> tuple:
    """Return the row of COLUMNS of one measuring point."""
    units = record.masked / record.units
    weights = record.masked_weights / record.weights
    numbers = (f"{value:.4f}" for value in (record.val_accuracy, units, weights))
    return (method, seed, record.epoch, *numbers)


def measure() -> None:
    """Train every method with every seed and write RESULTS."""
    set_up_process("cpu")
    data = DATASETS["digits"].load(Path())
    rows = []
    for method in METHODS:
        clock = time.perf_counter()
        for seed in range(SEEDS):
            rows += run_method(method, seed, data)
        print(f"{method:27s} {time.perf_counter() - clock:6.1f} s", flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    if "--pages" not in sys.argv[1:]:
        measure()
    draw_methods(RESULTS, FOLDER / "figures")
    write_pages(RESULTS)
