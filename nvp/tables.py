"""Read a study back: what is finished, and the rows of it.

Readers see what a row's manifest names and, of a trial without a row, its newest attempt.
"""

import json
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from nvp.parts import Rows, decode_all, parts_intact, read_all_intact
from nvp.schema import TABLES, TRIALS
from nvp.storage import Storage

logger = logging.getLogger(__name__)


def open_study(place: str, study: str, preset: str) -> Storage:
    """Return the storage of one preset of a study; `place` is a path or a URI.

    Raises:
        ValueError: a URI that nothing understands, or an object store out of reach.
    """
    storage = Storage.at(place)
    storage.check()
    return storage.below(study, preset)


def read_study(storage: Storage) -> dict[str, Any]:
    """Return study.json; {} when there is none or, with a warning, when it is damaged."""
    if not storage.exists("study.json"):
        return {}
    try:
        study = json.loads(storage.read("study.json"))
        if not isinstance(study, dict):
            raise ValueError("expected an object")
        return study
    except ValueError as error:
        logger.warning("%s is damaged: %s", storage.path("study.json"), error)
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


def read_index(storage: Storage, trial_id: str = "", *, checksums: bool = True) -> Index:
    """Return what is finished: one listing and the rows.

    A damaged row or part is named in a warning, and its trial counts as not finished.

    Args:
        storage: the study's.
        trial_id: the only trial to look at; "" for all.
        checksums: whether to read the parts, where they are on a local disk, and compare their
            checksums; else only names and sizes. `read_table` compares those of what it reads.
    """
    listing = listed(storage, trial_id)
    newest = sorted(listing, key=lambda name: (name.split("/")[1], int(name.split("/")[2])))
    parts: dict[str, list[str]] = defaultdict(list)
    for name in newest:
        table, trial, _, _ = name.split("/")
        if table != "trials":
            parts[trial].append(name)
    rows: dict[str, dict[str, Any]] = {}
    damaged = set()
    names = [name for name in newest if name.startswith("trials/")]
    for name, row in zip(names, read_rows(storage, names), strict=True):
        trial = name.split("/")[1]
        if row is None or not parts_there(storage, row, listing, checksums and storage.local):
            damaged.add(trial)
            rows.pop(trial, None)
        else:
            damaged.discard(trial)
            rows[trial] = row
    return Index(storage, rows, parts, frozenset(damaged))


def listed(storage: Storage, trial_id: str) -> dict[str, int]:
    """Return {name: bytes} of the rows and parts of all trials, or of one."""
    folders = [f"{table}/{trial_id}".rstrip("/") for table in TABLES]
    files = {name: size for found in storage.list_all(folders) for name, size in found.items()}
    return {  # what else lies there is not ours
        name: size
        for name, size in files.items()
        if name.count("/") == 3 and name.endswith(".arrow")
    }


def read_rows(storage: Storage, names: list[str]) -> list[dict[str, Any] | None]:
    """Return the row in each of these files, None for one that is damaged."""
    contents = list(read_all_intact(storage, names))
    intact = [content for content in contents if content is not None]
    rows = iter(decode_all(intact, TRIALS).to_pylist())
    return [None if content is None else next(rows) for content in contents]


def parts_there(
    storage: Storage, row: dict[str, Any], listing: dict[str, int], checksums: bool
) -> bool:
    """Whether every part that a row names is there, whole and, with `checksums`, undamaged."""
    manifest = json.loads(row["manifest"])
    for part, size in manifest.items():
        if listing.get(part) != size:
            state = "missing" if part not in listing else "truncated"
            logger.warning("%s is %s", storage.path(part), state)
            return False
    return not checksums or parts_intact(storage, manifest)


def read_table(index: Index, table: str, trial_ids: list[str] | None = None) -> Rows:
    """Return all rows of a table, or those of some trials, finished or still running."""
    schema = TABLES[table]
    chosen = list(index.parts | index.rows) if trial_ids is None else trial_ids
    if table == "trials":
        rows = [index.rows[trial_id] for trial_id in chosen if trial_id in index.rows]
        return Rows.from_pylist(rows, schema)
    names = [name for trial_id in chosen for name in visible_parts(index, table, trial_id)]
    contents = read_all_intact(index.storage, names)
    return decode_all([content for content in contents if content is not None], schema)


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
