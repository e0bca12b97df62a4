"""Read a study back: what is finished, and the rows of it.

Readers see what a row's manifest names and, of a trial without a row, its newest attempt.
"""

import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.storage.archive import Pack, pack_names, packed_rows, packed_table, read_packs
from nvp.storage.codec import Rows, decode_all, join
from nvp.storage.schema import TABLES, TRIALS
from nvp.storage.store import Storage
from nvp.storage.writer import checked, parts_intact, read_all_intact

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
        files: {trial_id: its row files that are in no pack}.
        manifests: {trial_id: the parts that its row names}, of a row that is in no pack.
        packed: {trial_id: the pack that its row and its parts are read from}.
        packs: the names of all packs there were.
        running: trials that have parts but no row.
    """

    storage: Storage
    rows: dict[str, dict[str, Any]]
    parts: dict[str, list[str]]
    damaged: frozenset[str]
    files: dict[str, list[str]] = field(default_factory=dict)
    manifests: dict[str, list[str]] = field(default_factory=dict)
    packed: dict[str, Pack] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()

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
    while True:
        index = look(storage, trial_id, checksums=checksums and storage.local)
        if not index.damaged or pack_names(storage) == index.packs:
            return index  # else a compaction took away what was listed


def look(storage: Storage, trial_id: str, *, checksums: bool) -> Index:
    """Return the index; trials outside of packs are listed first, so that none can slip away."""
    listing = listed(storage, trial_id)
    packs = read_packs(storage, checksums=checksums)
    replaced = frozenset().union(*(pack.replaces for pack in packs))
    left = [name for name in listing if name not in replaced]
    parts, files = defaultdict(list), defaultdict(list)
    for name in sorted(left, key=lambda name: (name.split("/")[1], int(name.split("/")[2]))):
        table, trial, _, _ = name.split("/")
        (files if table == "trials" else parts)[trial].append(name)
    names = frozenset(pack.name for pack in packs)
    index = Index(storage, {}, parts, frozenset(), files, packs=names)
    for pack in packs:
        if not trial_id or trial_id in pack.trials:
            for row in packed_rows(storage, pack, trial_id):
                index.rows[row["trial_id"]] = row
                index.packed[row["trial_id"]] = pack
    return replace(index, damaged=add_loose(index, listing, checksums))


def add_loose(index: Index, listing: dict[str, int], checksums: bool) -> frozenset[str]:
    """Add the rows outside of packs, which are newer; return the trials with a damaged one."""
    damaged = set()
    names = [name for files in index.files.values() for name in files]
    for name, row in zip(names, read_rows(index.storage, names), strict=True):
        trial = name.split("/")[1]
        index.packed.pop(trial, None)
        manifest = {} if row is None else json.loads(row["manifest"])
        if row is None or not parts_there(index.storage, manifest, listing, checksums):
            damaged.add(trial)
            index.rows.pop(trial, None)
        else:
            damaged.discard(trial)
            index.rows[trial] = row
            index.manifests[trial] = list(manifest)
    return frozenset(damaged)


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
    storage: Storage, manifest: dict[str, int], listing: dict[str, int], checksums: bool
) -> bool:
    """Whether every part of a manifest is there, whole and, with `checksums`, undamaged."""
    for part, size in manifest.items():
        if listing.get(part) != size:
            state = "missing" if part not in listing else "truncated"
            logger.warning("%s is %s", storage.path(part), state)
            return False
    return not checksums or parts_intact(storage, manifest)


def read_table(index: Index, table: str, trial_ids: list[str] | None = None) -> Rows:
    """Return all rows of a table, or those of some trials, finished or still running."""
    schema = TABLES[table]
    chosen = list(index.rows | index.parts) if trial_ids is None else trial_ids
    if table == "trials":
        rows = [index.rows[trial_id] for trial_id in chosen if trial_id in index.rows]
        return Rows.from_pylist(rows, schema)
    loose = [name for trial_id in chosen for name in visible_parts(index, table, trial_id)]
    contents = list(index.storage.read_all(loose))
    packs: dict[str, Pack] = {}
    wanted: dict[str, set[str]] = defaultdict(set)  # of a pack; an older one may have them too
    for trial in index.packed.keys() & set(chosen):
        pack = index.packed[trial]
        packs[pack.name] = pack
        wanted[pack.name].add(trial)
    tables = [
        packed_table(index.storage, packs[name], table, wanted[name]) for name in sorted(packs)
    ]
    if (None in contents or None in tables) and pack_names(index.storage) != index.packs:
        return read_table(read_index(index.storage, checksums=False), table, chosen)
    intact = [checked(index.storage, *pair) for pair in zip(loose, contents, strict=True)]
    rows = decode_all([content for content in intact if content is not None], schema)
    return join([*(found for found in tables if found is not None), rows])


def visible_parts(index: Index, table: str, trial_id: str) -> list[str]:
    """Return a trial's parts of a table: its manifest's; of a running trial the newest attempts'.

    A continued attempt starts after the parts it kept, so an older part that reaches into it is
    one that the continuation replaces.
    """
    if trial_id in index.packed:
        return []
    if trial_id in index.rows:
        return [name for name in index.manifests[trial_id] if name.startswith(f"{table}/")]
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
