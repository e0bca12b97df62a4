"""Incidents around the trials of a start: nodes lost, processes dead or silent."""

import socket
import time
from dataclasses import dataclass, field
from typing import Any

from nvp.storage.codec import Rows, decode_files, encode_rows, rows_from_dicts
from nvp.storage.schema import INCIDENTS
from nvp.storage.store import Storage

FOLDER = "incidents"


@dataclass
class Incidents:
    """The incidents of one start; the file is written anew for each, since they are few."""

    storage: Storage
    found: list[dict[str, Any]] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"{time.time():.0f}-{socket.gethostname()}")

    def add(self, kind: str, reason: str, *, trial_id: str | None = None, node: str = "") -> None:
        """Write one more.

        Args:
            kind: one of schema.INCIDENT_KINDS.
            reason: in words.
            trial_id: the trial it cost time; None where it is not of one.
            node: Ray's id of the node; empty when it is not known.
        """
        row = {"time": time.time(), "kind": kind, "trial_id": trial_id}
        self.found.append(row | {"node": node[:12] or None, "reason": reason})
        self.storage.write(
            f"{FOLDER}/{self.name}.arrow", encode_rows(rows_from_dicts(INCIDENTS, self.found))
        )


def read_incidents(storage: Storage) -> Rows:
    """Return the incidents of all starts."""
    names = sorted(storage.files(FOLDER))
    return decode_files((c for c in storage.read_all(names) if c is not None), INCIDENTS)
