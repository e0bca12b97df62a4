"""`nvp tables` lists the columns of all tables; with a study it writes its tables as files."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nvp.analysis.tables.page import tables_page
from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser, one_of
from nvp.storage.studies import add_study_arguments, choose_pages_folder, choose_preset

KINDS = ("parquet", "csv")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp tables`; return its exit code: 0, or 2 for bad arguments."""
    arguments = build_parser().parse_args(argv)
    if not arguments.study and not arguments.to:
        sys.stdout.write(tables_page())
        return 0
    try:
        write_study(arguments)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    return 0


def build_parser() -> CommandParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp tables",
        description="List every column of every table (docs/tables.md), or, of a STUDY, write its "
        "five tables as files for pandas, DuckDB and others.",
    )
    add_study_arguments(parser, optional=True)
    add = parser.add_argument
    add("--to", **one_of(*KINDS), help="what files to write")
    add(
        "--out",
        default="",
        metavar="FOLDER",
        help="where to write them (default: a folder `parquet` or `csv` beside the tables)",
    )
    add("--all", action="store_true", help="also trials of earlier plans and of one-off runs")
    return parser


def write_study(arguments: argparse.Namespace) -> None:
    """Write the tables of a study; print a line for each file."""
    if not arguments.study or not arguments.to:
        got = "--to alone" if arguments.to else f"{arguments.study} alone"
        raise ValueError(
            f"nvp tables: expected STUDY --to {' or '.join(KINDS)}, got {got}; without both it "
            "lists the columns"
        )
    # The frames take a second to import; the page needs none of them.
    from nvp.analysis.frames.load import read_frames
    from nvp.analysis.tables.files import write_tables

    place = arguments.storage
    preset, _ = choose_preset(place, arguments.study, arguments.preset)
    frames = read_frames(place, arguments.study, preset, everything=arguments.all)
    beside = choose_pages_folder(place, arguments.study, preset) / arguments.to
    if frames.left_out.describe():
        sys.stdout.write(f"{frames.left_out.describe()}\n")
    for path, rows in write_tables(frames, Path(arguments.out or beside), arguments.to):
        sys.stdout.write(f"{path}: {rows} rows\n")
