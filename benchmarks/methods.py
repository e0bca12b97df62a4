"""Every pruning method once, on one small setting: docs/methods, its figures and its tables.

`python -m benchmarks.methods` trains (about ten minutes), then draws and writes. With names of
methods it trains these alone and leaves the results of all others as they are (seconds a method);
one that has no card yet gets one, whose sections are to be written. With `--pages` it only draws
and writes, from the results that are there. No bar: the setting calls no winner.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.method_figures import draw_methods
from benchmarks.method_pages import FOLDER, start_card, write_pages
from benchmarks.method_results import SEEDS, SETTING
from nvp.config.registry import look_up
from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.splits import Splits
from nvp.network.train_state import Diverged
from nvp.pruning import METHODS
from nvp.training.build import build, set_up_process
from nvp.training.loop import train
from nvp.training.record import EpochRecord

RESULTS = "results.csv"  # of a folder of cards
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


def measure(names: Sequence[str], results: Path) -> None:
    """Train methods with every seed and write their rows; those of all other methods stay."""
    set_up_process("cpu")
    data = DATASETS["digits"].load(Path())
    rows = read_rows(results)
    for method in names:
        clock = time.perf_counter()
        rows[method] = [row for seed in range(SEEDS) for row in run_method(method, seed, data)]
        print(f"{method:27s} {time.perf_counter() - clock:6.1f} s", flush=True)
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for method in METHODS:
            writer.writerows(rows.get(method, []))


def read_rows(results: Path) -> dict[str, list[tuple]]:
    """Return {method: its rows} of an earlier measurement."""
    rows: dict[str, list[tuple]] = {}
    if results.exists():
        with results.open(newline="") as file:
            _, *found = csv.reader(file)
        for row in found:
            rows.setdefault(row[0], []).append(tuple(row))
    return rows


def main(argv: Sequence[str] | None = None, folder: Path = FOLDER) -> None:
    """Measure methods, and bring their cards, figures and the index up to date."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="METHOD", help="all, where none is named")
    parser.add_argument("--pages", action="store_true", help="train nothing")
    arguments = parser.parse_args(argv)
    try:
        for name in arguments.names:
            look_up("METHOD", name, METHODS)
    except ValueError as error:
        parser.error(str(error))
    names, results = arguments.names or list(METHODS), folder / RESULTS
    if not arguments.pages:
        measure(names, results)
    for name in names:
        start_card(name, folder)
    draw_methods(results, folder / "figures", names)
    write_pages(results, folder)


if __name__ == "__main__":
    main()
