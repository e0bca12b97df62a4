"""What the engine adds to a trial: thousands of trials that only sleep and commit their row.

`python -m benchmarks.overhead [--trials 1000 10000] [--slots 2]`: the real driver, Tune, actors
and row commits on a private Ray; the trials of `benchmarks.sleeping`. Since they sleep, the driver
has the cores to itself: `benchmarks.quick_study` measures it beside trials that do not. Each case
runs in a process of its own. 10,000 trials take about ten minutes.
"""

import argparse
import io
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from benchmarks.bar import bar
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.running.progress import Display
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.trial.run_options import RunOptions

LONG = (40, 10.0, 0.95)  # trials, seconds of each, least makespan efficiency
SHORT = (200, 1.0, 0.85)
WARM = 2  # trials of each slot that start it, and do not count


@dataclass(frozen=True)
class Sweep:
    """What became of a sweep; seconds from the first trial that counts to the last one's end."""

    makespan: float
    counted: int
    cpu: float
    memory: float


def sweep(count: int, seconds: float, slots: int) -> Sweep:
    """Run `count` trials that sleep through the engine, in this process."""
    before = time.process_time()
    display = Display(count, Console(file=io.StringIO()))
    with tempfile.TemporaryDirectory() as place, display:
        storage = sweep_into(place, count, display, seconds=seconds, slots=slots)
        cpu = time.process_time() - before
        rows = list(read_index(storage).rows.values())
    assert len(rows) == count
    assert all(row["attempt"] == 1 for row in rows)
    rows = sorted(rows, key=lambda row: row["started"])[WARM * slots :]
    makespan = max(row["ended"] for row in rows) - rows[0]["started"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Sweep(makespan, len(rows), cpu / count, memory)


def sweep_into(place: str, count: int, display: Display, *, seconds: float, slots: int) -> Storage:
    """Run `count` trials that sleep through the engine, in this process; return their storage."""
    os.environ["NVP_BENCHMARK_SLEEP"] = str(seconds)
    from benchmarks import sleeping  # Ray takes seconds to import
    from nvp.running.ray import Resources, run_sweep

    configs = [TrialConfig(seed=seed) for seed in range(count)]
    storage = Storage.at(place)
    with patch("nvp.running.ray.tuner.TrialActor", sleeping.SleepingActor):
        run_sweep(
            {trial_id(config): config for config in configs},
            storage,
            RunOptions(data_root=Path(place)),
            Resources(address=None, gpus_per_trial=0.0, max_concurrent=slots),
            display=display,
            stop_signals=[],
        )
    return storage


def measured(count: int, seconds: float, slots: int) -> Sweep:
    """Return what became of a sweep in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        found = pool.submit(sweep, count, seconds, slots).result()
    print(f"    {count} trials of {seconds:g} s, {slots} slots: makespan {found.makespan:.1f} s, "
          f"driver {1000 * found.cpu:.0f} ms of CPU a trial, {found.memory:.2f} GB; "
          f"load average {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    return found


def overhead_bars(count: int, slots: int) -> list[bool]:
    """Measure empty trials."""
    found = measured(count, 0.0, slots)
    each = 1000 * slots * found.makespan / found.counted
    return [
        bar(f"overhead.{count}.ms_per_trial", each, "<=", 100),
        bar(f"overhead.{count}.driver_memory_gb", found.memory, "<=", 2),
    ]


def efficiency_bar(count: int, seconds: float, target: float, slots: int) -> bool:
    """Measure how much of the slots' time trials of a given length get."""
    found = measured(count, seconds, slots)
    efficiency = found.counted * seconds / slots / found.makespan
    return bar(f"overhead.makespan_efficiency_{seconds:g}s", efficiency, ">=", target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--no-efficiency", action="store_true")
    arguments = parser.parse_args()
    holds = [ok for count in arguments.trials for ok in overhead_bars(count, arguments.slots)]
    if not arguments.no_efficiency:
        holds += [efficiency_bar(*case, arguments.slots) for case in (LONG, SHORT)]
    sys.exit(int(not all(holds)))
