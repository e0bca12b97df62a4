"""Break studies in every way and compare: `python -m benchmarks.faults SEED [--only PART]`."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.faults.continuing import continue_damaged
from benchmarks.faults.disk import try_disks
from benchmarks.faults.files import try_faults
from benchmarks.faults.finishing import run_unbroken
from benchmarks.faults.memory import try_memory
from benchmarks.faults.scene import make_scenes
from benchmarks.faults.signals import try_signals
from benchmarks.faults.study import write_images
from benchmarks.faults.tally import Tally

PARTS = ("files", "signals", "memory", "disk")
MEMORY, ROOM = Path("/dev/shm"), 2**29  # bytes that the copies need at most, many times over
OF_DRIVERS = {"signals": try_signals, "memory": try_memory, "disk": try_disks}


def main(argv: list[str] | None = None) -> int:
    """Run the parts; return 0 when nothing went wrong, else 1."""
    arguments, tally = parse(argv), Tally()
    print(f"    seed {arguments.seed}", flush=True)
    if "files" in arguments.only:
        with tempfile.TemporaryDirectory(prefix="nf", dir=find_fast_folder()) as folder:
            break_files(Path(folder, "files"), arguments, tally)
    if set(arguments.only) & OF_DRIVERS.keys():
        # a short name: a socket of Ray lies below it
        with tempfile.TemporaryDirectory(prefix="nf", dir="/tmp") as folder:
            break_drivers(Path(folder), arguments, tally)
    print(tally.write_examples(), tally.write_table(), tally.write_last_line(), sep="\n")
    return int(not tally.is_clean)


def find_fast_folder() -> str | None:
    """Return a folder in memory, for thousands of small copies; None: the usual temporary one."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        return str(MEMORY)
    return None


def break_files(root: Path, arguments: argparse.Namespace, tally: Tally) -> None:
    """Damage files, and run some of the damaged studies to their end."""
    start = time.monotonic()
    scenes = make_scenes(root)
    try_faults(scenes, arguments.files, arguments.seed, tally)
    continue_damaged(scenes, arguments.continued, arguments.seed, tally)
    print(f"    files: {time.monotonic() - start:.0f} s", flush=True)


def break_drivers(root: Path, arguments: argparse.Namespace, tally: Tally) -> None:
    """Break running studies: signals, memory, disks."""
    write_images(root / "data")
    environment = {"NVP_DATA": str(root / "data"), "RAY_TMPDIR": str(root)}
    whole = run_unbroken(root / "whole", environment)
    for part, run in OF_DRIVERS.items():
        if part in arguments.only:
            start = time.monotonic()
            run(root, whole, environment, getattr(arguments, part), arguments.seed, tally)
            print(f"    {part}: {time.monotonic() - start:.0f} s", flush=True)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    add = parser.add_argument
    add("seed", type=int, nargs="?", default=random.randrange(10**6), help="draws every place")
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="run these parts")
    add("--files", type=int, default=1000, metavar="N", help="faults of files (1000)")
    add(
        "--continued", type=int, default=12, metavar="N", help="damaged studies run to the end (12)"
    )
    add("--signals", type=int, default=44, metavar="N", help="signals (44)")
    add("--memory", type=int, default=2, metavar="N", help="times that the memory is taken (2)")
    add(
        "--disk",
        type=int,
        default=1,
        metavar="N",
        help="times that each fault of disks is tried (1)",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
