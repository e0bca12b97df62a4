"""A real study, killed at random twenty times and started again until it is done.

`python -m benchmarks.kills [SEED]`. Kills the driver with all below it, a process of Ray that waits
for work, or a trial's process, at moments drawn from the seed: three of four within seconds of a
new epoch, the others wherever it happens to be. Then compares all tables with those of a run that
nobody broke. Ten minutes on two cores.
"""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from benchmarks.bar import bar
from benchmarks.traced import LOG
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES, VOLATILE
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT
from tests.processes import descendants, kill_all

KILLS = 20
INTERVAL = 1.0  # least seconds between two checkpoints of a trial
KEYS = {"trials": [], "epochs": ["epoch"], "layers": ["epoch", "layer"],
        "neurons": ["epoch", "layer", "neuron"],
        "events": ["epoch", "layer", "neuron", "event"]}  # fmt: skip
Tables = dict[str, list[dict[str, Any]]]


def start(place: Path, *flags: str) -> subprocess.Popen[str]:
    """Start the study in a process group of its own; what it prints goes to a file."""
    command = [sys.executable, "-m", "benchmarks.kill_study", "--preset", "quick", "--storage",
               str(place), *flags]  # fmt: skip
    often = {
        "NVP_CHECKPOINT_SECONDS": str(INTERVAL),
        LOG: str(place / "log"),
        "RAY_ADDRESS": "local",
    }
    return subprocess.Popen(
        command,
        env=os.environ | often,
        cwd=ROOT,
        stdout=(place / "printed").open("a"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def tables(place: Path) -> Tables:
    """Return all non-volatile columns of all tables, sorted."""
    index = read_index(open_study(str(place), "kill_study", "quick"))
    read = {name: read_table(index, name).drop_columns(VOLATILE[name]) for name in TABLES}
    return {name: sorted(rows.to_pylist(), key=repr) for name, rows in read.items()}


def duplicates(found: Tables) -> int:
    """Return how many rows there are beside the first of each key."""
    keys = {n: Counter(tuple(r[c] for c in ["trial_id", *KEYS[n]]) for r in found[n]) for n in KEYS}
    return sum(count - 1 for counts in keys.values() for count in counts.values())


def below(driver: int, title: bytes) -> list[int]:
    """Return the processes below a driver that have `title` in theirs."""
    titles = {pid: Path(f"/proc/{pid}/cmdline") for pid in descendants(driver)[1:]}
    return [pid for pid, file in titles.items() if file.exists() and title in file.read_bytes()]


def kill(process: subprocess.Popen[str], draw: random.Random) -> str:
    """Kill something of a running study; return what. What is not there yet stands for the next."""
    kind = draw.choice(["worker", "actor", "driver"])
    titles = {"worker": b"ray::IDLE", "actor": b"Trainable"}
    for one in list(titles)[list(titles).index(kind) :] if kind in titles else []:
        if found := below(process.pid, titles[one]):
            os.kill(draw.choice(found), signal.SIGKILL)
            return one
    kill_all(process)
    return "driver"


def wait(process: subprocess.Popen[str], place: Path, draw: random.Random) -> None:
    """Wait for the moment of a kill, or for the end."""
    log, seconds = place / "log", draw.uniform(0, 3)
    seen = log.stat().st_size if log.exists() else 0
    if draw.random() < 0.25:
        seen, seconds = -1, draw.uniform(0, 12)
    while process.poll() is None and (log.stat().st_size if log.exists() else 0) <= seen:
        time.sleep(0.02)
    end = time.time() + seconds
    while process.poll() is None and time.time() < end:
        time.sleep(0.02)


def broken(place: Path, seed: int) -> tuple[int, int]:
    """Run the study to its end through the kills; return (kills, finished trials lost)."""
    draw, kills, lost, begun = random.Random(seed), 0, 0, time.time()
    finished: dict[str, float] = {}
    process = start(place)
    while process.poll() != 0:
        if process.poll() is not None:
            process = start(place)
        if kills < KILLS:
            wait(process, place, draw)
        else:
            process.wait()
        if kills < KILLS and process.poll() is None:
            kills += 1
            what = kill(process, draw)
            print(f"    {time.time() - begun:.1f} s: kill {kills}: {what}", flush=True)
        ended = {n: r["ended"] for n, r in rows(place).items() if r["status"] == "done"}
        lost += sum(ended.get(name) != time for name, time in finished.items())
        finished |= ended
    return kills, lost


def rows(place: Path) -> dict[str, dict[str, Any]]:
    """Return the committed rows."""
    return read_index(open_study(str(place), "kill_study", "quick")).rows


def repeated(log: Path) -> tuple[int, int, float]:
    """Return epochs trained, epochs trained again, and the longest repetition in intervals.

    A repetition is what an attempt trained and the next one of that trial trains again. The
    interval is the pause between two checkpoints and the epoch in which it ends.
    """
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    attempts: dict[str, dict[int, list[dict]]] = defaultdict(dict)
    for line in lines:
        attempts[line["trial"]].setdefault(line["process"], []).append(line)
    pairs = [pair for tries in attempts.values() for pair in itertools.pairwise(tries.values())]
    counts, intervals = zip(*(repetition(*pair) for pair in pairs), strict=True)
    trained = sum("pause" not in line for line in lines)
    return trained, sum(counts), max(intervals)


def repetition(attempt: list[dict], following: list[dict]) -> tuple[int, float]:
    """Return how many epochs of an attempt the following one repeats, and their intervals."""
    first = following[0]["epoch"]
    lost = [line for line in attempt if "pause" not in line and line["epoch"] >= first]
    if not lost:
        return 0, 0.0
    before = [line["time"] for line in attempt if line["epoch"] < first] or [lost[0]["time"]]
    times = [before[-1], *(line["time"] for line in lost)]
    pauses = [line["pause"] for line in attempt if "pause" in line] or [INTERVAL]
    return len(lost), (times[-1] - times[0]) / (pauses[-1] + times[-1] - times[-2])


def main(seed: int) -> int:
    """Break a study, run one unbroken, compare; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        killed, whole = Path(folder, "killed"), Path(folder, "whole")
        killed.mkdir()
        whole.mkdir()
        print(f"    seed {seed}", flush=True)
        kills, lost = broken(killed, seed)
        assert start(whole, "--no-ray").wait() == 0
        found, expected = tables(killed), tables(whole)
        trained, again, longest = repeated(killed / "log")
        left = [f for f in (killed / "kill_study/quick/checkpoints").rglob("*") if f.is_file()]
    different = sum(a != b for n in TABLES for a, b in zip(found[n], expected[n], strict=False))
    different += sum(abs(len(found[name]) - len(expected[name])) for name in TABLES)
    total = sum(map(len, expected.values()))
    print(f"    {total} rows; {trained} epochs trained, {again} of them again", flush=True)
    holds = [
        bar("kills.kills", kills, ">=", KILLS),
        bar("kills.rows_that_differ", different, "<=", 0),
        bar("kills.duplicate_rows", duplicates(found), "<=", 0),
        bar("kills.finished_trials_lost", lost, "<=", 0),
        bar("kills.checkpoints_left", len(left), "<=", 0),
        bar("kills.longest_repetition_in_intervals", longest, "<=", 1),
    ]
    return int(not all(holds))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10**6)))
