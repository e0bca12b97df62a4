"""The index of a study: which trials are finished, and which files hold their rows.

A reader sees the parts that a trial's row names. Of a trial without a row it sees the newest
attempt (`nvp.storage.reader`).
"""

import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.storage.archive import Pack, list_packs, read_packed_rows, read_packs
from nvp.storage.codec import decode_files, decode_rows
from nvp.storage.leftovers import is_temporary
from nvp.storage.owner import is_table_file, trial_of
from nvp.storage.schema import TABLES, TRIALS
from nvp.storage.sealed import are_intact, read_all_intact
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Index:
    """The finished trials of a study and the files of all its trials.

    Attributes:
        rows: {trial_id: newest intact row whose parts are all there}.
        parts: {trial_id: its parts that are in no pack}.
        damaged: trials without a row to go by: it is damaged or another trial's, or names a part
            that is damaged or missing.
        files: {trial_id: its row files that are in no pack}.
        manifests: {trial_id: the parts that its row names}, of a row that is in no pack.
        packed: {trial_id: the pack that its row and its parts are read from}.
        packs: the names of all packs at the time of the listing.
        temporaries: files in the folders of the tables that a process was writing.
    """

    storage: Storage
    rows: dict[str, dict[str, Any]]
    parts: dict[str, list[str]]
    damaged: frozenset[str]
    files: dict[str, list[str]] = field(default_factory=dict)
    manifests: dict[str, list[str]] = field(default_factory=dict)
    packed: dict[str, Pack] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()
    temporaries: tuple[str, ...] = ()

    @property
    def running(self) -> list[str]:
        """Return the trials that have parts but no row."""
        return [trial for trial in self.parts if trial not in self.rows]


def read_index(storage: Storage, trial_id: str = "", *, checksums: bool = True) -> Index:
    """Return the index of a study, from one listing and the rows of `trials`.

    A damaged row or part is named in a warning, and its trial counts as not finished.

    Args:
        storage: of the study.
        trial_id: the only trial to look at; "" for all.
        checksums: True to read all parts that are on a local disk and compare their checksums;
            False for names and sizes only. `read_table` compares them in any case.
    """
    while True:
        index = build_index(storage, trial_id, checksums=checksums and storage.local)
        if not index.damaged or list_packs(storage) == index.packs:
            return index  # else a compaction deleted files between their listing and their reading


def build_index(storage: Storage, trial_id: str, *, checksums: bool) -> Index:
    """Return the index from one listing.

    Files outside of packs are listed before the packs. In the other order, a compaction between the
    two listings would hide trials: not yet in a pack in the first, already deleted in the second.
    """
    listing, temporaries = list_files(storage, trial_id)
    packs = read_packs(storage, checksums=checksums)
    replaced = frozenset().union(*(pack.replaces for pack in packs))
    loose = [name for name in listing if name not in replaced]
    parts, files = defaultdict(list), defaultdict(list)
    for name in sorted(loose, key=lambda name: (name.split("/")[1], int(name.split("/")[2]))):
        table, trial, _, _ = name.split("/")
        (files if table == "trials" else parts)[trial].append(name)
    names = frozenset(pack.name for pack in packs)
    index = Index(storage, {}, parts, frozenset(), files, packs=names, temporaries=temporaries)
    for pack in packs:
        if not trial_id or trial_id in pack.trials:
            for row in read_packed_rows(storage, pack, trial_id):
                index.rows[row["trial_id"]] = row
                index.packed[row["trial_id"]] = pack
    return replace(index, damaged=add_loose_rows(index, listing, checksums))


def add_loose_rows(index: Index, listing: dict[str, int], checksums: bool) -> frozenset[str]:
    """Add the rows outside of packs to `index`; return the trials that have none to go by.

    They are newer than the rows in packs and replace them. Of a trial with several intact rows the
    last in the order of attempts counts.
    """
    damaged = set()
    names = [name for files in index.files.values() for name in files]
    for name, row in zip(names, read_rows(index.storage, names), strict=True):
        trial = trial_of(name)
        manifest = {} if row is None else json.loads(row["manifest"])
        strange = any(trial_of(part) != trial for part in manifest)
        if row is None or strange or not has_parts(index.storage, manifest, listing, checksums):
            damaged.add(trial)
        else:
            index.packed.pop(trial, None)
            index.rows[trial] = row
            index.manifests[trial] = list(manifest)
    return frozenset(damaged - index.rows.keys())


def list_files(storage: Storage, trial_id: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return {name: bytes} of the rows and parts of all trials or of one, and temporary files."""
    folders = [f"{table}/{trial_id}".rstrip("/") for table in TABLES]
    listing, others = {}, []
    for found in storage.list_all(folders):
        for name, size in found.items():
            if is_table_file(name):
                listing[name] = size
            else:
                others.append(name)
    for name in others:  # a user may keep other files there
        if name.endswith(".arrow"):
            logger.warning("%s is no file of its folder: it is left out", storage.path(name))
    return listing, tuple(filter(is_temporary, others))


def read_rows(storage: Storage, names: list[str]) -> list[dict[str, Any] | None]:
    """Return the row in each of these files; None for a file that is not to be believed."""
    contents = list(read_all_intact(storage, names))
    intact = [content for content in contents if content is not None]
    rows = decode_files(intact, TRIALS).to_pylist()
    if len(rows) != len(intact):  # one is a file of a pack, which was moved here
        contents = [c if c is None or len(decode_rows(c)) == 1 else None for c in contents]
        rows = decode_files([c for c in contents if c is not None], TRIALS).to_pylist()
    found = iter(rows)
    return [
        None if content is None else check_owner(storage, name, next(found))
        for name, content in zip(names, contents, strict=True)
    ]


def check_owner(storage: Storage, name: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row of a file; None, and a warning, when it is not of the trial of its folder."""
    if row["trial_id"] == trial_of(name):
        return row
    logger.warning(
        "%s is not of its folder: it holds the row of the trial %s",
        storage.path(name),
        row["trial_id"],
    )
    return None


def has_parts(
    storage: Storage, manifest: dict[str, int], listing: dict[str, int], checksums: bool
) -> bool:
    """Whether every part of a manifest is there, whole and, with `checksums`, undamaged."""
    for part, size in manifest.items():
        if listing.get(part) != size:
            state = "missing" if part not in listing else "truncated"
            logger.warning("%s is %s", storage.path(part), state)
            return False
    return not checksums or are_intact(storage, manifest)
