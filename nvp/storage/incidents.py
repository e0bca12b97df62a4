"""Incidents around the trials of a start: nodes lost, processes dead or silent.

Each is a file of its own, `incidents/<start>/<number>-<crc32>.arrow`, so that damage to one costs
one. Older versions wrote one file for each start, `incidents/<start>.arrow`, without a checksum. Of
such a file all that Arrow can check is checked before a value is read, because reading a damaged
one may end the process.
"""

import logging
import math
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from nvp.storage.codec import Rows, conform_rows, decode_rows, encode_rows, rows_from_dicts
from nvp.storage.columns import DOUBLE, TEXT, column
from nvp.storage.sealed import seal_name, verify_content
from nvp.storage.store import Storage
from nvp.storage.unreachable import join_lines

logger = logging.getLogger(__name__)
FOLDER = "incidents"
INCIDENT_KINDS = (*("preempted", "died", "silent", "memory", "unfit", "avoided", "out_of_memory"),)
INCIDENTS = pa.schema(
    [
        column("time", DOUBLE, "when the driver saw it", unit="s, Unix", volatile=True),
        column("kind", TEXT, f"one of {', '.join(INCIDENT_KINDS)}", volatile=True),
        column("trial_id", TEXT, "the trial that was set back; null for a node", volatile=True),
        column("node", TEXT, "first 12 digits of Ray's node id; null: unknown", volatile=True),
        column("reason", TEXT, "in words", volatile=True),
    ]
)
SEALED = re.compile(rf"{FOLDER}/[^/]+/\d+-[0-9a-f]{{8}}\.arrow")
OLDER = re.compile(rf"{FOLDER}/[^/]+\.arrow")
INCIDENT_KINDS = (*("preempted", "died", "silent", "memory", "unfit", "avoided", "out_of_memory"),)
INCIDENTS = pa.schema(  # every column is volatile
    [
        column("time", DOUBLE, "when the driver saw it", unit="s, Unix", volatile=True),
        column("kind", TEXT, f"one of {', '.join(INCIDENT_KINDS)}", volatile=True),
        column("trial_id", TEXT, "the trial that was set back; null for a node", volatile=True),
        column("node", TEXT, "first 12 digits of Ray's node id; null: unknown", volatile=True),
        column("reason", TEXT, "in words", volatile=True),
    ]
)


@dataclass
class Incidents:
    """The incidents of one start."""

    storage: Storage
    found: list[dict[str, Any]] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"{time.time():.0f}-{socket.gethostname()}")

    def add(self, kind: str, reason: str, *, trial_id: str | None = None, node: str = "") -> None:
        """Write one more; where the storage does not take it, it is lost and the study goes on.

        Args:
            kind: one of INCIDENT_KINDS.
            reason: in words.
            trial_id: the trial it cost time; None where it is not of one.
            node: Ray's id of the node; empty when it is not known.
        """
        row = {"time": time.time(), "kind": kind, "trial_id": trial_id}
        self.found.append(row | {"node": node[:12] or None, "reason": reason})
        content = encode_rows(rows_from_dicts(INCIDENTS, self.found[-1:]))
        stem = f"{FOLDER}/{self.name}/{len(self.found):05d}"
        try:
            self.storage.write(seal_name(stem, "arrow", content), content)
        except OSError as error:
            logger.warning("the incident %r is not kept: %s", kind, join_lines(error))


def read_incidents(storage: Storage) -> Rows:
    """Return the incidents of all starts; a damaged file is named in a warning and left out."""
    names = sorted(n for n in storage.files(FOLDER) if SEALED.fullmatch(n) or OLDER.fullmatch(n))
    contents = zip(names, storage.read_all(names), strict=True)
    # by content: a copy of an incident is no other incident
    found = {c: rows for n, c in contents if (rows := decode_incidents(storage, n, c)) is not None}
    return pa.concat_tables([INCIDENTS.empty_table(), *found.values()]).combine_chunks()


def decode_incidents(storage: Storage, name: str, content: bytes | None) -> Rows | None:
    """Return the incidents of a file; None, and a warning, when it cannot be believed."""
    sealed = SEALED.fullmatch(name) is not None
    if sealed and verify_content(storage, name, content) is None:
        return None
    try:
        rows = decode_rows(content or b"")
        rows.validate(full=True)  # before a value is read: a wrong offset would end the process
        if missing := {"time", "kind", "reason"} - set(rows.column_names):
            raise ValueError(f"expected incidents, got rows without {', '.join(sorted(missing))}")
        if not sealed:
            check_incidents(rows)
        return conform_rows(rows, INCIDENTS)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        logger.warning("%s is damaged: %s", storage.path(name), join_lines(error))
        return None


def check_incidents(rows: Rows) -> None:
    """Raise ValueError for rows without a checksum that no version of nvp wrote."""
    if unknown := set(rows.column_names) - set(INCIDENTS.names):
        raise ValueError(f"expected the columns of incidents, got {', '.join(sorted(unknown))}")
    for row in rows.to_pylist():
        if row["kind"] not in INCIDENT_KINDS:
            raise ValueError(f"expected one of {', '.join(INCIDENT_KINDS)}; got {row['kind']!r}")
        if not (isinstance(row["time"], float) and math.isfinite(row["time"])):
            raise ValueError(f"expected a time, got {row['time']!r}")
