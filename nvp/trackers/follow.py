"""The process that exports trials while a study runs: `python -m nvp.trackers.follow`.

It is a process of its own, so that nothing in a tracker can hold up, break or end the study. It is
told the trials that ended, a line each, on its standard input, and ends with it. On its standard
output it writes one line that begins with READY, REFUSED or FAILED.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TextIO

from nvp.config.dotted_names import add_folders
from nvp.storage.index import Index, read_index
from nvp.trackers.command import describe_failure
from nvp.trackers.export import Exporter
from nvp.trackers.named import FAILED, READY, REFUSED, open_tracker
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import Tracker


def main(argv: Sequence[str]) -> int:
    """Follow a study; the arguments are the tracker, the place, the study, its preset, folders."""
    named, place, name, preset, *folders = argv
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a tracker prints is no answer
    add_folders(tuple(folders))
    try:
        tracker = open_tracker(named, TrackedStudy(place, name, preset))
    except ValueError as error:
        answer(answers, REFUSED, str(error))
        return 2
    answer(answers, READY, tracker.place)
    try:
        follow_trials(tracker, TrackedStudy(place, name, preset), sys.stdin)
        tracker.close()
    except Exception as error:  # whatever the package of a tracker raises
        answer(answers, FAILED, describe_failure(named, error))
        return 1
    return 0


def answer(answers: TextIO, word: str, text: str) -> None:
    """Write a line to the driver, if it is still there."""
    with suppress(OSError):
        answers.write(f"{word} {' '.join(text.split())}\n")
        answers.flush()


def follow_trials(tracker: Tracker, study: TrackedStudy, lines: Iterable[str]) -> None:
    """Export the trials that are named, and before the first one those of earlier starts."""
    exporter, first = Exporter(tracker), True
    for names in gather_lines(lines):
        # study.json is read anew: the plan of a search grows, and each start has an entry
        study = TrackedStudy(study.place, study.name, study.preset)
        index = read_finished(study, names if not first else [])
        wanted = names if not first else [n for n in index.rows if study.is_planned(n)]
        exporter.export_trials(study, index, [name for name in wanted if name in index.rows])
        first = False


def gather_lines(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names in lines; at the end, where there was none, an empty list once."""
    none = True
    for line in lines:
        none = False
        yield [line.strip()]
    if none:
        yield []


def read_finished(study: TrackedStudy, names: list[str]) -> Index:
    """Return the index of one trial; of all where none is named."""
    return read_index(study.storage, names[0] if names else "", checksums=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
