"""`nvp analyse STUDY` draws the figures of a study and prints its answer; `nvp compare A B`."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nvp.analysis.answers.whole_answer import answer_whole, write_whole_answer
from nvp.analysis.frames.code_versions import describe_codes
from nvp.analysis.frames.load import read_frames
from nvp.analysis.frames.search_plan import is_search
from nvp.analysis.plots.figures import check_figures, write_panels
from nvp.analysis.plots.life_cycle import check_trial
from nvp.analysis.reports.comparison import write_comparison
from nvp.analysis.reports.report import write_report
from nvp.analysis.selection.question_of_study import is_derived, question_of
from nvp.config.command_parser import CommandParser
from nvp.storage.studies import add_study_arguments, choose_pages_folder, choose_preset

BAD_ARGUMENTS = 2
DERIVED = (
    "study.json has no question, so this one asks what the swept keys do; Study(question=...), or "
    "nvp.Monitor(question=...), in its script asks another, once it is started again"
)

OF_SEARCH = (
    "study.json has no question, so this one asks for the best configurations of the search; "
    "Study(question=...) in its script, once it is started again, asks more"
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp analyse",
        description="Draw the figures of a study, print its answer and write its report.",
    )
    add_study_arguments(parser)
    add = parser.add_argument
    add("--all", action="store_true", help="also trials of earlier plans and of one-off runs")
    add(
        "--code",
        default="",
        metavar="HASH",
        help="only trials that this version of the code made: a value of the column code, or "
        "unknown (default: all)",
    )
    add(
        "--figure",
        action="append",
        default=[],
        metavar="NAME",
        help="only this figure, which may be yours, package.module:function; may be given again "
        "(default: those that its question names)",
    )
    add("--trial", default="", metavar="TRIAL_ID", help="show the life cycle of this trial")
    return parser


def analyse_study(arguments: argparse.Namespace) -> None:
    """Load, draw, answer."""
    study, place = arguments.study, arguments.storage
    preset, why = choose_preset(place, study, arguments.preset)
    frames = read_frames(place, study, preset, everything=arguments.all, code=arguments.code)
    question = question_of(frames, trial=arguments.trial)
    check_figures(arguments.figure)
    if arguments.trial:
        check_trial(frames, arguments.trial)
    print_line(
        f"{study}: preset {preset} ({why}), {count_statuses(frames.trials['status'].tolist())}"
    )
    derived = "" if not is_derived(frames) else OF_SEARCH if is_search(frames.study) else DERIVED
    for line in filter(None, (frames.left_out.describe(), describe_codes(frames.trials), derived)):
        print_line(line)
    folder = figures_folder(place, study, preset)
    names = tuple(dict.fromkeys(arguments.figure))
    drawn = list(write_panels(frames, folder, trial=arguments.trial, names=names))
    for path in [path for panel in drawn for path in panel.files]:
        print_line(str(path))
    whole = answer_whole(frames, question)
    for line in [*filter(None, (panel.answer for panel in drawn)), *write_whole_answer(whole)]:
        print_line(line)
    print_line(f"report: {write_report(frames, whole, drawn, folder.parent / 'report.html')}")


def count_statuses(statuses: list[str]) -> str:
    """Return how many trials there are of each status."""
    counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    return ", ".join(f"{count} {status}" for status, count in counts.items()) + " trials"


def figures_folder(place: str, study: str, preset: str) -> Path:
    """Return where figures go: beside the tables; below `results` when those are not local."""
    return choose_pages_folder(place, study, preset) / "figures"


def print_line(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")


def analyse(argv: Sequence[str] | None = None) -> int:
    """Run `nvp analyse`; return its exit code: 0, or 2 for bad arguments."""
    return run_or_explain(lambda: analyse_study(build_parser().parse_args(argv)))


def compare(argv: Sequence[str] | None = None) -> int:
    """Run `nvp compare`; return its exit code: 0, or 2 for bad arguments."""
    return run_or_explain(lambda: [print_line(line) for line in write_comparison(argv)])


def run_or_explain(work: Callable[[], object]) -> int:
    """Do the work; return 0, or 2 after printing what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        work()
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run `python -m analysis`: `nvp analyse`, or `nvp compare` where that is the first word."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["compare"]:
        return compare(arguments[1:])
    return analyse(arguments)
