"""The part that fills the disk, or takes the storage away, before or while trials run.

The disk is a small file system of its own (tmpfs), in a mount namespace of its own: nobody else
sees it, and it needs no root where users may have namespaces.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.faults.scene import Tables
from benchmarks.faults.tally import Tally
from tests.conftest import ROOT

FAULTS = {  # name: (moment, whether on Ray)
    "disk full before the start": ("start", True),
    "disk full while trials run, no Ray": ("running", False),
    "disk full while trials run": ("running", True),
    "disk full while an incident is written": ("incident", True),
    "storage taken away, no Ray": ("outage", False),
    "storage taken away": ("outage", True),
}
SECONDS = 900.0


def try_disks(
    root: Path, whole: Tables, environment: dict[str, str], count: int, seed: int, tally: Tally
) -> None:
    """Try each of FAULTS `count` times; arguments as of `try_signals`."""
    draw = random.Random(seed)
    (root / "whole.json").write_text(json.dumps(whole))
    for number in range(count):
        for name, (moment, on_ray) in FAULTS.items():
            tally.counts[name]["tried"] += 0
            place = root / f"disk{number}-{moment}-{on_ray}"
            place.mkdir()
            task = {"place": str(place), "whole": str(root / "whole.json"), "moment": moment,
                    "ray": on_ray, "seed": draw.randrange(10**6)}  # fmt: skip
            for found, note in run_inside(task, environment):
                tally.add(name, found, note)
            print(f"    {name}: {dict(tally.counts[name])}", flush=True)


def run_inside(task: dict, environment: dict[str, str]) -> list[tuple[dict[str, int], str]]:
    """Run a task in a mount namespace of its own; return what went wrong.

    Raises:
        RuntimeError: this machine lets nobody make one.
    """
    command = [*enter_namespace(), sys.executable, "-m", "benchmarks.faults.full_disk"]
    ended = subprocess.run(
        [*command, json.dumps(task)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if ended.returncode:
        raise RuntimeError(f"no small file system could be made and filled: {ended.stderr[-2000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def enter_namespace() -> Sequence[str]:
    """Return the words that start a command in a mount namespace, as root there."""
    return (
        ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    )
