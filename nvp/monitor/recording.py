"""The rows of a monitored trial on their way to storage.

An observation is first written to the log, and is safe from then on. Its rows wait for the next one
or for the end, which show what was pruned after it. Parts are written now and then, for those who
read a running trial, and at the end.
"""

import time
from typing import Any

from nvp.monitor.changes import Changes
from nvp.monitor.entry import Entry
from nvp.monitor.log import Log
from nvp.storage.codec import replace_columns
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter, drop_uncommitted, find_next_attempt
from nvp.trial.diary import Diary
from nvp.trial.rows import rows_of_events
from nvp.trial.sampling import sample_neurons

PAUSE = 20.0  # seconds between two writings of parts, at least
COST = 20  # no more than 1/20 of the time goes into them


class Recording:
    """The observations and rows of one trial; `latest` is the newest observation.

    Attributes:
        first: the first epoch of the finished rows that this recording is to replace; else None.
    """

    def __init__(self, storage: Storage, trial_id: str) -> None:
        self.storage, self.trial_id = storage, trial_id
        index = read_index(storage, trial_id)
        row = index.rows.get(trial_id)
        attempt = find_next_attempt(storage, trial_id, row)
        self.writer = TrialWriter(storage, trial_id, attempt, row=row)
        self.log = Log(storage, trial_id)
        self.first: int | None = None
        self.rebuild()
        if self.latest:  # an attempt that was killed may have written no part
            self.writer.attempt = max(attempt, self.latest.diary["attempt"] + 1)
        if row and self.writer.finished:
            self.first = min(read_table(index, "epochs", [trial_id])["epoch"].to_pylist())
            if self.latest and self.latest.diary["attempt"] <= row["attempt"]:
                self.go_back(0)  # its process died right after it wrote the row
        self.last_write, self.cost = time.perf_counter(), 0.0

    def rebuild(self) -> None:
        """Make everything anew from the log."""
        self.writer.discard()
        self.writer.rows.clear()
        self.diary = Diary()
        self.latest: Entry | None = None
        for entry in self.log.read():
            self.complete(entry.before)
            self.latest = entry

    def go_back(self, epoch: int) -> list[int]:
        """Drop the observations of an epoch and of all later ones; return their epochs."""
        dropped = self.log.drop(epoch)
        if dropped:
            self.rebuild()
            self.write_parts()
        return dropped

    def add(self, entry: Entry) -> None:
        """Take in an observation; it is safe when this returns."""
        self.log.write(entry)
        self.complete(entry.before)
        self.latest = entry
        if time.perf_counter() - self.last_write >= max(PAUSE, COST * self.cost):
            self.write_parts()

    def complete(self, changes: Changes | None, *, last: bool = False) -> None:
        """Buffer the rows of the newest observation, with what happened after it."""
        entry = self.latest
        if entry is None or changes is None or changes.epoch != entry.epoch:
            return
        writer, layers = self.writer, entry.rows["layers"]
        pruned = [changes.pruned.get(path, 0) for path in layers["layer"].to_pylist()]
        sparsity = {name: [getattr(changes, name)] for name in ("sparsity", "weight_sparsity")}
        floored = [None] * len(layers)  # whether a floor held a method back is not known
        writer.add("epochs", replace_columns(entry.rows["epochs"], sparsity))
        writer.add("layers", replace_columns(layers, {"pruned": pruned, "floored": floored}))
        writer.add("events", entry.rows["events"])
        writer.add("events", rows_of_events(self.trial_id, {"epoch": entry.epoch}, changes.events))
        sample_neurons(
            writer,
            self.diary,
            entry.epoch,
            lambda: entry.rows["neurons"],
            pruned=bool(changes.pruned),
            last=last,
        )

    def write_parts(self) -> None:
        """Write the rows that are complete, for readers of a running trial."""
        start = time.perf_counter()
        # parts of an attempt that went further would hide these
        keep = self.writer.manifest | self.writer.committed
        drop_uncommitted(self.storage, self.trial_id, keep)
        self.writer.flush()
        self.last_write = time.perf_counter()
        self.cost = self.last_write - start

    def commit(self, row: dict[str, Any], changes: Changes | None, *, over: bool) -> None:
        """Write the rows, the last observation's too, and the row of the trial.

        Args:
            row: of `trials`.
            changes: what happened after the newest observation; None where there is none.
            over: whether the trial does not go on, so that its log is no longer needed.
        """
        self.complete(changes, last=True)
        self.writer.commit(row)
        drop_uncommitted(self.storage, self.trial_id, self.writer.manifest)
        if over:
            self.log.drop()
