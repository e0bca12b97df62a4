"""Reading packs: a pack has the rows of many finished trials in one file for each table.

A pack is `packs/<number>/<table>-<crc32>.arrow` and `manifest-<crc32>.json`. The manifest names its
files, its trials and the files that it replaces. It is written last: without it a pack does not
exist. A reader skips the files that a pack replaces, so it sees a row once, whether these files are
deleted already or not.
"""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from nvp.storage.codec import Rows, decode_files, select_trials
from nvp.storage.schema import TABLES, TRIALS
from nvp.storage.sealed import are_intact, read_all_intact
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)
FOLDER = "packs"
FILE = re.compile(rf"{FOLDER}/\d+/[a-z]+-[0-9a-f]{{8}}\.(?:arrow|json)")


@dataclass(frozen=True)
class Pack:
    """A pack whose files are all there.

    Attributes:
        name: of its manifest.
        files: {table: its file}.
        trials: the trials whose rows it has.
        replaces: the files outside of packs whose rows it has.
    """

    name: str
    files: dict[str, str]
    trials: frozenset[str]
    replaces: frozenset[str]


def list_packs(storage: Storage) -> frozenset[str]:
    """Return the names of the manifests of all packs."""
    return select_manifests(list_packed_files(storage))


def list_packed_files(storage: Storage) -> dict[str, int]:
    """Return {name: bytes} of the files of packs, finished or not; a user may keep others there."""
    return {name: size for name, size in storage.files(FOLDER).items() if FILE.fullmatch(name)}


def select_manifests(listing: dict[str, int]) -> frozenset[str]:
    """Return the names of manifests in a listing of packs."""
    return frozenset(name for name in listing if name.split("/")[-1].startswith("manifest-"))


def read_packs(storage: Storage, *, checksums: bool) -> list[Pack]:
    """Return the packs, oldest first; a damaged one is skipped, with a warning."""
    listing = list_packed_files(storage)
    names = sorted(select_manifests(listing))
    found = []
    for name, content in zip(names, read_all_intact(storage, names), strict=True):
        if content is not None:
            manifest = json.loads(content)
            if is_whole(storage, manifest["files"], listing, checksums=checksums):
                files = {file.split("/")[-1].rpartition("-")[0]: file for file in manifest["files"]}
                trials, replaces = frozenset(manifest["trials"]), frozenset(manifest["replaces"])
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
    """Return the `trials` rows of a pack, or that of one trial; of trials that it names alone."""
    contents = read_all_intact(storage, [pack.files["trials"]])
    rows = decode_files([content for content in contents if content is not None], TRIALS)
    found = (select_trials(rows, [trial_id]) if trial_id else rows).to_pylist()
    return [row for row in found if row["trial_id"] in pack.trials]


def read_packed_table(storage: Storage, pack: Pack, table: str, trial_ids: set[str]) -> Rows | None:
    """Return a pack's rows of a table, of some trials; None when its file is gone."""
    if table not in pack.files:
        return TABLES[table].empty_table()
    content = storage.read_if_there(pack.files[table])
    if content is None:
        return None
    (checked,) = read_all_intact(storage, [pack.files[table]])
    rows = decode_files([] if checked is None else [checked], TABLES[table])
    return rows if pack.trials <= trial_ids else select_trials(rows, sorted(trial_ids))
