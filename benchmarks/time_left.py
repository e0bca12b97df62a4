"""The time left that a study says, against what it then took: within a factor of two.

Runs `python studies/sgd_noise.py --preset quick`, on a private Ray unless flags say otherwise, and
compares each "about ... left" from the third trial on with the seconds until the last trial ended.
The last seconds are left out: a word of "1 s" is off by a factor at any pace. Two minutes.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bar import bar

SCRIPT = Path(__file__).parent.parent / "studies" / "sgd_noise.py"
LINE = re.compile(r"^\[(\d+)/(\d+)\].* about ([\d.]+) (s|min|h) left")
UNIT = {"s": 1, "min": 60, "h": 3600}
FIRST, LEAST = 3, 10.0  # trials that ended before an estimate counts; seconds that are left


def collect_estimates(*arguments: str) -> tuple[list[tuple[int, float, float]], float]:
    """Return [(trials that ended, when it was said, seconds left)], and when the last one ended."""
    found, ended = [], 0.0
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, str(SCRIPT), "--preset", "quick", "--storage", place, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as study:
            for line in study.stdout or ():
                if line.startswith("["):
                    ended = time.perf_counter()
                if said := LINE.match(line):
                    seconds = float(said[3]) * UNIT[said[4]]
                    found.append((int(said[1]), time.perf_counter(), seconds))
    return found, ended


if __name__ == "__main__":
    estimates, end = collect_estimates(*sys.argv[1:])
    factors = {
        count: max(left / (end - when), (end - when) / max(left, 1.0))
        for count, when, left in estimates
        if count >= FIRST and end - when >= LEAST
    }
    for count, factor in list(factors.items())[:: max(1, len(factors) // 6)]:
        print(f"    after {count} trials: off by a factor of {factor:.2f}")
    sys.exit(not bar("time_left.worst_factor", max(factors.values()), "<=", 2.0))
