"""Draw the figures of a study and say what they show: `python -m analysis sgd_noise`.

`python -m analysis compare A B` puts two of them side by side.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis import compare
from analysis.answer import answer, sentences
from analysis.figures import panels
from analysis.load import load
from analysis.place import choose_preset
from analysis.plots.life_cycle import check_trial
from analysis.report import write_report
from analysis.studies import STUDIES, question_of

BAD_ARGUMENTS = 2


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Draw the figures of a study; print its answer."
    )
    add = parser.add_argument
    add("study", help=f"one of {', '.join(STUDIES)}")
    add(
        "--preset",
        choices=("auto", "quick", "paper"),
        default="auto",
        help="auto (default): the one that was run, the last one when both were",
    )
    add(
        "--storage",
        default=os.environ.get("NVP_STORAGE", "results"),
        metavar="PATH",
        help="where the tables are (default: NVP_STORAGE, else results)",
    )
    add("--all", action="store_true", help="also trials that an earlier plan asked for")
    add("--trial", default="", metavar="TRIAL_ID", help="show the life cycle of this trial")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Load, draw, answer."""
    study, place = arguments.study, arguments.storage
    question = question_of(study, trial=arguments.trial)
    preset, why = choose_preset(place, study, arguments.preset)
    frames = load(place, study, preset, everything=arguments.all)
    if arguments.trial:
        check_trial(frames, arguments.trial)
    say(f"{study}: preset {preset} ({why}), {summary(frames.trials['status'].tolist())}")
    folder = figures_folder(place, study, preset)
    drawn = list(panels(frames, folder, trial=arguments.trial))
    for path in [path for panel in drawn for path in panel.files]:
        say(str(path))
    for line in sentences(answer(frames, question)):
        say(line)
    say(f"report: {write_report(frames, question, drawn, folder.parent / 'report.html')}")


def summary(statuses: list[str]) -> str:
    """Return how many trials there are of each status."""
    counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    return ", ".join(f"{count} {status}" for status, count in counts.items()) + " trials"


def figures_folder(place: str, study: str, preset: str) -> Path:
    """Return where figures go: beside the tables; below `results` when those are not local."""
    local = "results" if "://" in place else place
    return Path(local) / study / preset / "figures"


def say(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{line}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 for bad arguments."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        arguments = list(sys.argv[1:] if argv is None else argv)
        if arguments[:1] == ["compare"]:
            for line in compare.run(arguments[1:]):
                say(line)
        else:
            run(parser().parse_args(arguments))
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    return 0


if __name__ == "__main__":
    sys.exit(main())
