"""The quick study as a user runs it: wall time, start-up, makespan efficiency, engine overhead.

Runs `python studies/sgd_noise.py --preset quick` on a private Ray into an empty folder, then the
same trials one after another in one process (`--no-ray`). About five minutes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bar import bar
from nvp.config.cores import count_cores
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

SCRIPT = Path(__file__).parent.parent / "studies" / "sgd_noise.py"


def run(*arguments: str) -> tuple[list[dict], float, float]:
    """Return (rows, when the command started, its wall seconds)."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, str(SCRIPT), "--preset", "quick", "--storage", place, *arguments]
        start, clock = time.time(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - clock
        rows = read_index(open_study(place, "sgd_noise", "quick")).rows
        return list(rows.values()), start, wall


def span(rows: list[dict]) -> float:
    """Return the seconds from the first trial's start to the last one's end."""
    return max(row["ended"] for row in rows) - min(row["started"] for row in rows)


if __name__ == "__main__":
    slots = count_cores()
    rows, start, wall = run(*sys.argv[1:])
    first = min(row["started"] for row in rows)
    makespan, busy = span(rows), sum(row["ended"] - row["started"] for row in rows)
    alone, _, _ = run("--no-ray", *sys.argv[1:])
    serial = span(alone)
    print(f"    {len(rows)} trials, {slots} slots: makespan {makespan:.1f} s, "
          f"one after another {serial:.1f} s, in the trials {busy:.1f} s")  # fmt: skip
    overhead = (slots * makespan - busy) / len(rows)
    holds = [
        bar("quick_study.wall_s", wall, "<=", 120),
        bar("quick_study.startup_s", first - start, "<=", 8),
        bar("quick_study.makespan_efficiency", serial / slots / makespan, ">=", 0.90),
        bar("quick_study.overhead_s_per_trial", overhead, "<=", 0.3),
    ]
    sys.exit(int(not all(holds)))
