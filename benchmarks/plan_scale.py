"""Plan, continue and load a study of 10,000 trials, 9,999 of them done; then all compacted.

Every trial has its committed row, its 20 rows of epochs and its layers (`benchmarks.committed`).
The commands are the user's, in processes of their own. A place made before can be given:
`python -m benchmarks.plan_scale [PLACE]`. About three minutes, 0.6 GB of disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bar import bar
from benchmarks.committed import commit_all
from benchmarks.plan_study import STUDY
from nvp.config.cores import count_cores
from nvp.planning.plan import make_plan
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

SCRIPT = Path(__file__).parent / "plan_study.py"
LOAD = """
import sys, time
from nvp.analysis.frames.load import load
start = time.perf_counter()
frames = load(sys.argv[1], "plan_study", "quick")
assert len(frames.trials) == 10_000 and len(frames.epochs) == 200_000
print(time.perf_counter() - start)
"""


def timed(*command: str) -> tuple[str, float]:
    """Run a command; return what it printed and its wall seconds."""
    start = time.perf_counter()
    ended = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
    return ended.stdout, time.perf_counter() - start


def make(place: str) -> None:
    """Commit all trials but the last."""
    *configs, _ = make_plan(STUDY.quick).trials.values()
    start = time.perf_counter()
    commit_all(open_study(place, STUDY.name, "quick"), configs)
    print(f"    {len(configs)} trials committed in {time.perf_counter() - start:.0f} s", flush=True)


def measure(place: str, kind: str) -> list[bool]:
    """Plan, run the last trial, load; then take that trial away again."""
    study = [str(SCRIPT), "--preset", "quick", "--storage", place]
    shown, dry = timed(*study, "--dry-run")
    assert "9999 done, 1 to run" in shown, shown[-300:]
    clock = time.time()
    ended, _ = timed(*study)
    assert "10000 of 10000 trials done" in ended, ended
    rows = read_index(open_study(place, STUDY.name, "quick"), checksums=False).rows
    newest = max(rows.values(), key=lambda row: row["started"])
    printed, _ = timed("-c", LOAD, place)
    for table in ("trials", "epochs", "layers", "neurons", "events"):
        shutil.rmtree(Path(place, STUDY.name, "quick", table, newest["trial_id"]))
    print(f"    load average {os.getloadavg()[0]:.1f} on {count_cores()} cores")
    return [
        bar(f"plan_scale.{kind}.dry_run_s", dry, "<=", 5),
        bar(f"plan_scale.{kind}.last_trial_starts_s", newest["started"] - clock, "<=", 15),
        bar(f"plan_scale.{kind}.load_s", float(printed), "<=", 3),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        place = sys.argv[1] if len(sys.argv) > 1 else made
        if not Path(place, STUDY.name).exists():
            make(place)
        holds = measure(place, "loose")
        compact = ("compact", STUDY.name, "--preset", "quick", "--storage", place)
        printed, seconds = timed("-m", "nvp", *compact)
        assert "trials packed" in printed, printed
        print(f"    {printed.strip()}, {seconds:.0f} s", flush=True)
        holds += measure(place, "compacted")
    sys.exit(int(not all(holds)))
