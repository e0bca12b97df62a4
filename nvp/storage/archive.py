"""Packs: the rows and parts of many finished trials in one file a table.

A pack is `packs/<number>/<table>-<crc32>.arrow` and, written last, `manifest-<crc32>.json`: its
files, its trials and the files that it replaces. Readers pass over what a pack replaces, so a row
is seen once whether those are deleted already or not; without its manifest a pack does not exist.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from nvp.storage.codec import Rows, decode_files, select_trials
from nvp.storage.schema import TABLES, TRIALS
from nvp.storage.sealed import are_intact, read_all_intact
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)
FOLDER = "packs"


@dataclass(frozen=True)
class Pack:
    """A pack that is there, whole."""

    name: str
    files: dict[str, str]
    trials: frozenset[str]
    replaces: frozenset[str]


def list_packs(storage: Storage) -> frozenset[str]:
    """Return the names of the manifests of all packs."""
    return select_manifests(storage.files(FOLDER))


def select_manifests(listing: dict[str, int]) -> frozenset[str]:
    """Return the manifests of a listing of packs."""
    return frozenset(name for name in listing if name.split("/")[-1].startswith("manifest-"))


def read_packs(storage: Storage, *, checksums: bool) -> list[Pack]:
    """Return the packs, oldest first; a damaged one is named in a warning and left out."""
    listing = storage.files(FOLDER)
    names = sorted(select_manifests(listing))
    found = []
    for name, content in zip(names, read_all_intact(storage, names), strict=True):
        if content is not None:
            said = json.loads(content)
            if is_whole(storage, said["files"], listing, checksums=checksums):
                files = {file.split("/")[-1].rpartition("-")[0]: file for file in said["files"]}
                trials, replaces = frozenset(said["trials"]), frozenset(said["replaces"])
                found.append(Pack(name, files, trials, replaces))
    return found


def is_whole(
    storage: Storage, files: dict[str, int], listing: dict[str, int], *, checksums: bool
) -> bool:
    """Whether the files of a pack are there, of their size and, with `checksums`, undamaged."""
    for name, size in files.items():
        if listing.get(name) != size:
            logger.warning("%s is missing or truncated", storage.path(name))
            return False
    return not checksums or are_intact(storage, files)


def read_packed_rows(storage: Storage, pack: Pack, trial_id: str = "") -> list[dict[str, Any]]:
    """Return the `trials` rows of a pack, or that of one trial."""
    contents = read_all_intact(storage, [pack.files["trials"]])
    rows = decode_files([content for content in contents if content is not None], TRIALS)
    return (select_trials(rows, [trial_id]) if trial_id else rows).to_pylist()


def read_packed_table(storage: Storage, pack: Pack, table: str, trial_ids: set[str]) -> Rows | None:
    """Return the rows of a table of some trials of a pack; None when the file is gone."""
    if table not in pack.files:
        return TABLES[table].empty_table()
    content = storage.read_if_there(pack.files[table])
    if content is None:
        return None
    (checked,) = read_all_intact(storage, [pack.files[table]])
    rows = decode_files([] if checked is None else [checked], TABLES[table])
    return rows if pack.trials <= trial_ids else select_trials(rows, sorted(trial_ids))
