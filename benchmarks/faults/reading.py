"""What a start, an analysis, a compaction and a continued trial make of a damaged study.

Each reading counts what it got wrong. A fault is met when the tables of what is called done are
those of the unbroken run, or when the damage is said by name: of the file or of its trial.
"""

import logging
import re
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.scene import (
    FLAGS,
    Facts,
    Scenes,
    Tables,
    list_done,
    list_incidents,
    open_place,
    read_rows,
)
from benchmarks.faults.study import DESIGN, NAME, PRESET, STUDY
from nvp.analysis.frames.load import load
from nvp.data import data_root, load_trial_splits, prepare_data
from nvp.storage.index import read_index
from nvp.storage.schema import TABLES
from tests.in_process import run_main
from tests.trials import run_to_end

WRONG, SILENT, TRACEBACK = "wrong tables", "silent acceptances", "tracebacks"
LISTED = re.compile(r"^([0-9a-f]{12}) ", re.MULTILINE)


class Said(logging.Handler):
    """Keeps what is logged as a warning or worse, and what a start printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def names(self, *things: str) -> bool:
        """Whether something that was said names one of these."""
        return any(thing in line for thing in things if thing for line in self.lines)


@dataclass
class Reading:
    """The readings of one damaged study, which are changed in place.

    Attributes:
        scenes: what is true.
        facts: of the scene that was damaged.
        place: the damaged copy.
        files: names of the damaged files, and of the trials that they are of or were put to.
        absent: whether a file is not there, which only a listing could tell.
        said: what was logged.
        found: how often something went wrong.
        notes: what.
    """

    scenes: Scenes
    facts: Facts
    place: Path
    files: tuple[str, ...]
    absent: bool = False
    said: Said = field(default_factory=Said)
    found: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, column: str, note: str) -> None:
        """Count one thing that went wrong; what is wrong and was not said is silent, too."""
        self.found[column] = 1
        if column == WRONG and not self.said.names(*self.files):
            self.found[SILENT] = 1
        self.notes.append(note)

    def compare(self, rows: Tables, shown: Collection[str], *, partly: bool = False) -> None:
        """Compare the rows of trials that are shown with the unbroken run's.

        Args:
            rows: that were read.
            shown: trials that are called done; of any other trial, rows may be missing.
            partly: whether rows of a trial that is named may be missing, as in an analysis.
        """
        for table in TABLES:
            whole = self.scenes.whole[table]
            for trial in rows[table].keys() | set(shown):
                got, want = rows[table].get(trial, []), whole.get(trial, [])
                less = trial not in shown or (partly and self.said.names(trial, *self.files))
                more = Counter(got) - Counter(want)
                if more or (got != want and not less):
                    self.count(WRONG, f"{table} of {trial}: {len(got)} rows for {len(want)}")

    def read_start(self) -> None:
        """Read as a start does: what is done, and the rows of all trials."""
        index = read_index(open_place(self.place))
        self.compare(read_rows(index), list_done(index))

    def read_analysis(self) -> None:
        """Read as an analysis does: the trials of the plan, and the incidents."""
        try:
            frames = load(str(self.place), NAME, PRESET)
        except ValueError as error:
            if type(error) is not ValueError or "\n" in str(error):
                raise
            self.said.lines.append(str(error))
            if not self.said.names(*self.files):
                self.count(SILENT, f"refused without a name: {error}")
            return
        shown = set(frames.trials["trial_id"])
        self.compare(read_rows(frames.index, shown), shown, partly=True)
        lost = {name for name in self.facts.done - shown if not self.said.names(name)}
        if len(lost) > frames.unfinished and not self.said.names(*self.files):
            self.count(SILENT, f"trials are left out without a word: {', '.join(sorted(lost))}")
        if frames.study != self.facts.study and not self.said.names("study.json"):
            self.count(SILENT, f"believed: study.json {describe_change(frames.study, self.facts)}")
        self.compare_incidents(list_incidents(frames.index.storage))

    def compare_incidents(self, found: list[str]) -> None:
        """Compare the incidents that are read; those of a file that is gone may be missing."""
        more = Counter(found) - Counter(self.facts.incidents)
        less = len(found) < len(self.facts.incidents) and not self.absent
        if more or (less and not self.said.names("incidents")):
            self.count(SILENT, f"incidents: {len(found)} rows for {len(self.facts.incidents)}")

    def read_plan(self) -> None:
        """Plan as a start does: the trials have to be the ones that were planned before."""
        ended = run_main(STUDY, self.place, *FLAGS, "--dry-run")
        self.said.lines += ended.stderr.splitlines()
        if ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 1:
            return
        listed = set(LISTED.findall(ended.stdout))
        if ended.returncode or "Traceback" in ended.stdout + ended.stderr:
            self.count(TRACEBACK, f"--dry-run: exit code {ended.returncode}")
        elif listed != set(self.scenes.configs) and not (
            self.absent or self.said.names("auto.json")
        ):
            self.count(SILENT, "believed: auto.json; other trials are planned")

    def continue_trials(self, trials: Collection[str]) -> None:
        """Continue trials from their checkpoints to their end."""
        storage = open_place(self.place)
        for name in sorted(trials):
            status = run_to_end(self.scenes.configs[name], storage, data_root=data_root())
            if status != "done":
                self.count(TRACEBACK, f"{name}: {status} when continued")
        index = read_index(storage)
        self.compare(read_rows(index, trials), trials)

    def read_cache(self, expected: str) -> None:
        """Prepare and load the data as a start and its trials do."""
        config = DESIGN.base.data
        prepare_data(config.name, data_root())
        if describe_pixels(load_trial_splits(config, data_root())) != expected:
            self.count(WRONG, "other images")


def describe_pixels(splits: Any) -> str:
    """Return the images of all splits as text, short enough to compare."""
    parts = [splits.train, splits.val, splits.test]
    return repr(
        [(zlib.crc32(p.pixels.numpy().tobytes()), p.labels.tolist(), p.mean) for p in parts]
    )


def describe_change(study: dict[str, Any], facts: Facts) -> str:
    """Return the keys of study.json that differ."""
    keys = study.keys() | facts.study.keys()
    return ", ".join(sorted(k for k in keys if study.get(k) != facts.study.get(k)))
