"""Break studies in every way and compare: `python -m benchmarks.faults SEED [--only PART]`."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.faults.continuing import continue_damaged
from benchmarks.faults.files import try_faults
from benchmarks.faults.scene import make_scenes
from benchmarks.faults.tally import Tally

PARTS = ("files",)


def main(argv: list[str] | None = None) -> int:
    """Run the parts; return 0 when nothing went wrong, else 1."""
    arguments = parse(argv)
    tally, start = Tally(), time.monotonic()
    print(f"    seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="nf") as folder:
        scenes = make_scenes(Path(folder, "scenes"))
        print(f"    scenes: {time.monotonic() - start:.0f} s", flush=True)
        if "files" in arguments.only:
            try_faults(scenes, arguments.files, arguments.seed, tally)
            continue_damaged(scenes, arguments.continued, arguments.seed, tally)
            print(f"    files: {time.monotonic() - start:.0f} s", flush=True)
    print(tally.write_examples(), tally.write_table(), tally.write_last_line(), sep="\n")
    return int(not tally.is_clean)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    add = parser.add_argument
    add("seed", type=int, nargs="?", default=random.randrange(10**6), help="draws every place")
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="run these parts")
    add("--files", type=int, default=1000, metavar="N", help="faults of files (default: 1000)")
    add("--continued", type=int, default=12, metavar="N",
        help="damaged studies that run to their end (default: 12)")  # fmt: skip
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
