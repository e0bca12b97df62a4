"""`nvp data NAME...`: fetch data sets before a study needs them, on every machine with trials."""

import argparse
import sys
from collections.abc import Sequence

from nvp.data import DATASETS, data_root, prepare_data

BAD_ARGUMENTS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="nvp data", description=__doc__)
    parser.add_argument("name", nargs="+", help=f"one of {', '.join(DATASETS)}, or folder:<name>")
    try:
        for name in parser.parse_args(argv).name:
            splits = prepare_data(name, data_root())
            print(f"{name}: {len(splits.train)} training images in {data_root()}")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    return 0
