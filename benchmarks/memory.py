"""Resident memory of a study's processes: it must not grow with the number of trials.

`python -m benchmarks.memory [--trials 10000] [--of driver worker]`. The driver runs trials that
only sleep and commit their row, on a private Ray of two slots, as `benchmarks.overhead` does; its
memory after the last trial is compared with that after the 1,000th. A worker trains 200 small
networks one after another, as an actor does; after the last against after the 20th. What else the
machine does is of no matter. Ten minutes.
"""

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.bar import SHORT, bar
from benchmarks.overhead import sweep_into
from nvp.config.trial_config import TrialConfig
from nvp.running.progress import Display
from nvp.storage.study_folder import open_study
from nvp.training.build import set_up_process
from nvp.trial.progress import Progress
from nvp.trial.run import run_trial

GROWTH, EARLY, TRIALS, EARLY_OF_WORKER = 1.2, 1000, 200, 20
SMALL = TrialConfig(epochs=1).with_overrides(
    {"data.name": "digits", "model.name": "convnet", "model.width": 0.25, "probe.size": 64}
)


def read_resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watching(Display):
    """A display that notes the driver's memory at each trial that ended."""

    def __init__(self, total: int) -> None:
        super().__init__(total, Console(file=io.StringIO(), quiet=True))
        self.resident: dict[int, float] = {}

    def update(self, progress: Progress) -> None:
        super().update(progress)
        self.resident[self.count] = read_resident()


def grow(name: str, resident: dict[int, float], early: int, last: int) -> bool:
    """Print the memory after some trials, and the bar."""
    counts = sorted({1, early, *range(early, last, max(1, (last - early) // 4)), last})
    print(f"    {name}: " + ", ".join(f"{resident[n]:.0f} MB after {n}" for n in counts))
    return bar(f"memory.{name}_growth", resident[last] / resident[early], "<=", GROWTH)


def watch_driver(count: int) -> bool:
    """Run trials that sleep."""
    display = Watching(count)
    with tempfile.TemporaryDirectory() as place, display:
        sweep_into(place, count, display, seconds=0.0, slots=2)
    return grow("driver", display.resident, min(EARLY, count // 2), count)


def watch_worker() -> bool:
    """Train small networks in this process."""
    set_up_process("cpu")
    resident = {}
    with tempfile.TemporaryDirectory() as place:
        storage = open_study(place, "memory", "quick")
        for seed in range(TRIALS):
            *_, last = run_trial(SMALL.with_overrides({"seed": seed}), storage)
            assert last.status == "done", last
            resident[seed + 1] = read_resident()
    return grow("worker", resident, EARLY_OF_WORKER, TRIALS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--of", nargs="*", default=("worker", "driver"))
    arguments = parser.parse_args()
    kinds = {"worker": watch_worker, "driver": lambda: watch_driver(arguments.trials)}
    holds = [kinds[name]() for name in arguments.of]
    sys.exit(0 if all(holds) else SHORT)
