"""`nvp export-runs STUDY --to NAME`: the finished trials of a study as runs in a tracker."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.storage.index import Index, read_index
from nvp.storage.studies import add_study_arguments, find_study, format_start
from nvp.trackers.export import Exporter
from nvp.trackers.named import open_tracker, tracker_flag
from nvp.trackers.tracked_study import TrackedStudy

FAILED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp export-runs`; return 0, 2 for bad arguments, 1 where a tracker failed meanwhile."""
    arguments = build_parser().parse_args(argv)
    try:
        study, index, trials = find_trials(arguments)
        trackers = [open_tracker(named, study) for named in dict.fromkeys(arguments.to)]
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    say_what_is_left(study, index, trials)
    for tracker, named in zip(trackers, dict.fromkeys(arguments.to), strict=True):
        start = time.perf_counter()
        try:
            done = Exporter(tracker).export_trials(study, index, trials, show_count(len(trials)))
            tracker.close()
        except Exception as error:  # whatever the package of a tracker raises
            sys.stderr.write(f"error: {describe_failure(named, error)}; again: it goes on\n")
            return FAILED
        seconds = time.perf_counter() - start
        sys.stdout.write(f"{named}: {done.describe()} in {seconds:.0f} s: {tracker.place}\n")
    return 0


def build_parser() -> CommandParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp export-runs",
        description="Show the finished trials of a study in a tracker, a run each. Again: what is "
        "there and unchanged is left as it is, what changed is replaced.",
    )
    add_study_arguments(parser)
    add = parser.add_argument
    add("--to", **tracker_flag(), required=True)
    add("--all", action="store_true", help="also trials of earlier plans")
    return parser


def find_trials(arguments: argparse.Namespace) -> tuple[TrackedStudy, Index, list[str]]:
    """Return the study, its index and its finished trials; ValueError where there are none."""
    storage, preset = find_study(arguments.storage, arguments.study, arguments.preset)
    study = TrackedStudy(arguments.storage, arguments.study, preset)
    index = read_index(storage, checksums=False)
    trials = [name for name in index.rows if arguments.all or study.is_planned(name)]
    if not trials:
        raise ValueError(
            f"expected a finished trial in {storage.root}, got none of "
            f"{len(study.document.get('trials', {}))} planned and {len(index.rows)} from earlier "
            "plans (--all takes those); to run it: "
            f"{format_start(arguments.storage, arguments.study, preset)}"
        )
    return study, index, trials


def say_what_is_left(study: TrackedStudy, index: Index, trials: list[str]) -> None:
    """Print how many trials are not exported, and how many of those that are have failed."""
    unfinished = len(set(study.document.get("trials", {})) - index.rows.keys())
    failed = sum(index.rows[trial]["status"] == "failed" for trial in trials)
    others = len(index.rows) - len(trials)
    parts = [
        (unfinished, "not finished yet, and left out"),
        (failed, "failed: their runs say so and why"),
        (others, "of earlier plans, and left out (--all)"),
    ]
    for count, what in parts:
        if count:
            sys.stdout.write(f"{count} trial{'s' if count > 1 else ''} {what}\n")


def show_count(total: int) -> Callable[[int], None]:
    """Return what shows on a terminal how many runs are written."""

    def show(count: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{count}/{total}" + "\n" * (count == total))

    return show


def describe_failure(named: str, error: Exception) -> str:
    """Return in one line that and why a tracker failed."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return f"tracker {named}: {reason[:300]}"
