"""Leftovers: temporary files of processes that ended while they wrote."""

import re
from collections.abc import Iterable

from nvp.storage.store import Storage

TEMPORARY = re.compile(r"(?:.*/)?\.[^/]+\.tmp")  # as `Storage.write` names them
FLAT = ("checkpoints", "packs", "incidents")  # folders of few files, beside those of the tables


def is_temporary(name: str) -> bool:
    """Whether a file is one that `Storage.write` had not renamed yet."""
    return TEMPORARY.fullmatch(name) is not None


def remove_temporaries(storage: Storage, seen: Iterable[str] = ()) -> None:
    """Delete the temporary files that were there before this driver took the lock of the study.

    A younger one may be of a process that writes now: it is left alone. An object store has none.

    Args:
        storage: the study's; the caller holds its lock.
        seen: names of temporary files that a listing of the tables met (`Index.temporaries`).
    """
    locked = storage.modified(".lock") if storage.local else None
    if locked is None:
        return
    listed = [name for folder in FLAT for name in storage.list_files(folder)]
    listed += storage.list_files(recursive=False)
    for name in [*seen, *filter(is_temporary, listed)]:
        written = storage.modified(name)
        if written is not None and written < locked:
            storage.delete([name])
