"""`nvp data NAME...`: fetch data sets before a study needs them, on every machine with trials."""

import sys
from collections.abc import Sequence

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.data import DATASETS, data_root, prepare_data


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp data`; return its exit code: 0, or 2 for bad arguments."""
    parser = CommandParser(
        prog="nvp data",
        description="Fetch data sets before a study needs them, on every machine with trials.",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="+",
        help=f"one of {', '.join(DATASETS)}, or folder:<name>",
    )
    try:
        for name in parser.parse_args(argv).name:
            splits = prepare_data(name, data_root())
            print(f"{name}: {len(splits.train)} training images in {data_root()}")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    return 0
