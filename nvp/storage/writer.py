"""Writing the rows of a trial as parts, and the row that commits it.

A part holds the rows of one table, trial and attempt, from a first to a last epoch:
`<table>/<trial_id>/<attempt>/<first>-<last>-<crc32>.arrow`. The row that commits a trial is
`trials/<trial_id>/<attempt>/<status>-<crc32>.arrow`. It carries the manifest of the trial's parts.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from nvp.storage.codec import Rows, encode_rows, join_rows
from nvp.storage.owner import is_table_file
from nvp.storage.schema import TABLES, TRIALS
from nvp.storage.sealed import seal_name
from nvp.storage.store import Storage

FINISHED = ("done", "diverged")  # statuses of trials that do not go on
PART_TABLES = [name for name in TABLES if name != "trials"]


@dataclass
class TrialWriter:
    """Buffers the rows of one attempt of a trial and writes them as parts.

    Attributes:
        storage: the study's.
        trial_id: of the trial.
        attempt: its number.
        manifest: {part: bytes} of the parts written so far.
        rows: {table: rows that are not written yet}.
        held: rows of `neurons` at the last pruning so far; they are written only when no other
            follows.
        row: the trial's, of an earlier attempt. While that is finished, it and its parts stay.
    """

    storage: Storage
    trial_id: str
    attempt: int
    manifest: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[Rows]] = field(default_factory=lambda: defaultdict(list))
    held: Rows | None = None
    row: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Whether an earlier attempt finished the trial, which runs again all the same."""
        return self.row is not None and self.row["status"] in FINISHED

    @property
    def committed(self) -> dict[str, int]:
        """Return the parts that the row of an earlier attempt names."""
        return json.loads(self.row["manifest"]) if self.row else {}

    def add(self, table: str, rows: Rows) -> None:
        """Buffer rows."""
        if len(rows):
            self.rows[table].append(rows)

    def release(self) -> None:
        """Buffer the rows that were held."""
        if self.held is not None:
            self.add("neurons", self.held)
        self.held = None

    def discard(self) -> None:
        """Forget all rows: of a failed trial only the row with its error is kept."""
        self.rows.clear()
        self.manifest, self.held = {}, None

    def flush(self) -> None:
        """Write one part for each table that has rows."""
        measured = [e for rows in self.rows.get("epochs", []) for e in rows["epoch"].to_pylist()]
        for table, chunks in self.rows.items():
            rows = join_rows(chunks).combine_chunks()
            # the name has the epochs that this flush measured; held rows alone are of earlier ones
            epochs = measured or rows["epoch"].to_pylist()
            folder = f"{table}/{self.trial_id}/{self.attempt}"
            content = encode_rows(rows)
            name = seal_name(f"{folder}/{min(epochs):05d}-{max(epochs):05d}", "arrow", content)
            self.storage.write(name, content)
            self.manifest[name] = len(content)
        self.rows.clear()

    def commit(self, row: dict[str, Any]) -> None:
        """Write the `trials` row, by which the trial counts as finished with the parts it names.

        The order matters, because the process may be killed between any two writes: parts first, so
        that a row never names one that is not there; then the row; then older rows are deleted, and
        last the parts of a finished one.
        """
        self.flush()
        row = row | {"trial_id": self.trial_id, "attempt": self.attempt}
        row["manifest"] = json.dumps(self.manifest)
        table = pa.Table.from_pylist([row], schema=TRIALS)
        content = encode_rows(table)
        stem = f"trials/{self.trial_id}/{self.attempt}/{row['status']}"
        older = list(self.storage.files(f"trials/{self.trial_id}"))
        self.storage.write(seal_name(stem, "arrow", content), content)
        self.storage.delete(older)
        if self.finished:
            drop_uncommitted(self.storage, self.trial_id, self.manifest)


def find_next_attempt(storage: Storage, trial_id: str, row: dict[str, Any] | None = None) -> int:
    """Return 1 + the highest attempt that wrote a part or a row.

    Args:
        storage: the study's.
        trial_id: of the trial.
        row: of the trial, if it has one. It may be in a pack, which hides the files that it
            replaces: a new file of the same name would be hidden, too.
    """
    names = [name for table in TABLES for name in storage.files(f"{table}/{trial_id}")]
    attempts = [int(name.split("/")[2]) for name in names if is_table_file(name)]
    return 1 + max([*attempts, row["attempt"] if row else 0])


def drop_uncommitted(storage: Storage, trial_id: str, manifest: dict[str, int]) -> None:
    """Delete the parts of a trial that `manifest` does not name.

    They were written after the checkpoint that the trial continues from, and will be written again.
    """
    for table in PART_TABLES:
        storage.delete([n for n in storage.files(f"{table}/{trial_id}") if n not in manifest])
