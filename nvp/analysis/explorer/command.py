"""`nvp explore STUDY` writes one page on which a study is looked at by hand."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nvp.analysis.explorer.contents import gather_contents
from nvp.analysis.explorer.page import write_page
from nvp.analysis.frames.load import read_frames
from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.running.exit_codes import DONE
from nvp.storage.studies import add_study_arguments, choose_pages_folder, choose_preset

EVERY_S, LEAST_S = 10.0, 1.0


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp explore",
        description="Write explore.html: a study as one page, to be looked at by hand. It needs no "
        "server and no network, so it can be mailed.",
    )
    add_study_arguments(parser)
    add = parser.add_argument
    add("--all", action="store_true", help="also trials of earlier plans and of one-off runs")
    add("--out", default="", metavar="FILE", help="the page (default: beside the study's tables)")
    add(
        "--follow",
        action="store_true",
        help=f"write it anew every {EVERY_S:g} s until no trial of the plan is missing; an open "
        "page loads itself, and keeps what is selected",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp explore`; return its exit code: 0, or 2 for bad arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        follow_study(arguments) if arguments.follow else explore_study(arguments)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the page is as it was last written\n")
    return DONE


def explore_study(arguments: argparse.Namespace, follow: float = 0) -> int:
    """Write the page once; return how many trials of the plan are missing.

    Raises:
        ValueError: there is no such study, or no trial of it has finished.
    """
    preset, _ = choose_preset(arguments.storage, arguments.study, arguments.preset)
    frames = read_frames(arguments.storage, arguments.study, preset, everything=arguments.all)
    path = choose_path(arguments, preset)
    missing = frames.unfinished
    write_page(gather_contents(frames), path, follow=follow if missing else 0)
    size = path.stat().st_size / 1e6
    print_line(f"{path}: {len(frames.trials)} trials, {size:.1f} MB")
    return missing


def follow_study(arguments: argparse.Namespace) -> None:
    """Write the page again and again until no trial of the plan is missing.

    A study without a finished trial is waited for; one that is not there is an error.
    """
    choose_preset(arguments.storage, arguments.study, arguments.preset)
    waiting = ""
    while True:
        start = time.monotonic()
        try:
            if not explore_study(arguments, EVERY_S):
                return
        except ValueError as error:
            if str(error) != waiting:
                print_line(f"waiting: {error}")
            waiting = str(error)
        time.sleep(max(LEAST_S, EVERY_S - (time.monotonic() - start)))


def choose_path(arguments: argparse.Namespace, preset: str) -> Path:
    """Return where the page goes: where it was asked for, else beside the tables."""
    if arguments.out:
        path = Path(arguments.out)
        return path / "explore.html" if path.is_dir() else path
    return choose_pages_folder(arguments.storage, arguments.study, preset) / "explore.html"


def print_line(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
