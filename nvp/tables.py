"""Read a study back: what is finished, and the rows of it.

Readers see what a row's manifest names and, of a trial without a row, its newest attempt.
"""

import json
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from nvp.parts import Rows, conform, decode, join, parts_intact, read_intact
from nvp.schema import TABLES, TRIALS
from nvp.storage import Storage

logger = logging.getLogger(__name__)


def open_study(place: str, study: str, preset: str) -> Storage:
    """Return the storage of one preset of a study; `place` is a path or a URI."""
    return Storage.at(place).below(study, preset)


def read_study(storage: Storage) -> dict[str, Any]:
    """Return study.json, as `read_object` does."""
    return read_object(storage, "study.json")


def read_object(storage: Storage, name: str) -> dict[str, Any]:
    """Return a JSON object; {} when there is none or, with a warning, when it is damaged."""
    if not storage.exists(name):
        return {}
    try:
        found = json.loads(storage.read(name))
        if not isinstance(found, dict):
            raise ValueError("expected an object")
        return found
    except ValueError as error:
        logger.warning("%s is damaged: %s", storage.path(name), error)
        return {}


@dataclass(frozen=True)
class Index:
    """What a study's storage holds.

    Attributes:
        rows: {trial_id: newest intact row whose parts are all there}.
        damaged: trials with a row that is damaged, or that names a part which is.
        running: trials that have parts but no row.
    """

    storage: Storage
    rows: dict[str, dict[str, Any]]
    parts: dict[str, list[str]]
    damaged: frozenset[str]

    @property
    def running(self) -> list[str]:
        """Return the trials that left parts and no row."""
        return [trial for trial in self.parts if trial not in self.rows]


def read_index(storage: Storage, trial_id: str = "") -> Index:
    """Return what is finished: one listing and the rows. On a local disk parts are checksummed.

    A damaged row or part is named in a warning, and its trial counts as not finished. With a
    `trial_id` only that trial is looked at.
    """
    listing = {
        name: size
        for table in TABLES
        for name, size in storage.files(f"{table}/{trial_id}".rstrip("/")).items()
        if name.count("/") == 3 and name.endswith(".arrow")  # what else lies there is not ours
    }
    rows: dict[str, dict[str, Any]] = {}
    damaged = set()
    parts: dict[str, list[str]] = defaultdict(list)
    newest = sorted(listing, key=lambda name: (name.split("/")[1], int(name.split("/")[2])))
    for name in newest:
        table, trial_id, _, _ = name.split("/")
        if table != "trials":
            parts[trial_id].append(name)
            continue
        row = read_row(storage, name, listing)
        if row is None:
            damaged.add(trial_id)
            rows.pop(trial_id, None)
        else:
            damaged.discard(trial_id)
            rows[trial_id] = row
    return Index(storage, rows, parts, frozenset(damaged))


def read_row(storage: Storage, name: str, listing: dict[str, int]) -> dict[str, Any] | None:
    """Return the row of a file, None when it or a part that it names is damaged."""
    content = read_intact(storage, name)
    if content is None:
        return None
    row = conform(decode(content), TRIALS).to_pylist()[0]
    for part, size in json.loads(row["manifest"]).items():
        if listing.get(part) != size:
            state = "missing" if part not in listing else "truncated"
            logger.warning("%s is %s", storage.path(part), state)
            return None
    if storage.local and not parts_intact(storage, json.loads(row["manifest"])):
        return None
    return row


def read_table(index: Index, table: str, trial_ids: list[str] | None = None) -> Rows:
    """Return all rows of a table, or those of some trials, finished or still running."""
    schema = TABLES[table]
    chosen = list(index.parts | index.rows) if trial_ids is None else trial_ids
    if table == "trials":
        rows = [index.rows[trial_id] for trial_id in chosen if trial_id in index.rows]
        return Rows.from_pylist(rows, schema)
    chunks = []
    for trial_id in chosen:
        for name in visible_parts(index, table, trial_id):
            content = read_intact(index.storage, name)
            if content is not None:
                chunks.append(conform(decode(content), schema))
    return join(chunks) if chunks else schema.empty_table()


def visible_parts(index: Index, table: str, trial_id: str) -> list[str]:
    """Return a trial's parts of a table: its manifest's; of a running trial the newest attempts'.

    A continued attempt starts after the parts it kept, so an older part that reaches into it is
    one that the continuation replaces.
    """
    if trial_id in index.rows:
        names = list(json.loads(index.rows[trial_id]["manifest"]))
        return [name for name in names if name.startswith(f"{table}/")]
    chosen: list[str] = []
    until = float("inf")
    names = [name for name in index.parts.get(trial_id, []) if name.startswith(f"{table}/")]
    for name in sorted(names, key=part_key, reverse=True):
        _, first, last = part_key(name)
        if last < until:
            chosen.append(name)
            until = first
    return chosen[::-1]


def part_key(name: str) -> tuple[int, int, int]:
    """Return (attempt, first epoch, last epoch) of a part."""
    _, _, attempt, file = name.split("/")
    first, last, _ = file.split("-")
    return int(attempt), int(first), int(last)
