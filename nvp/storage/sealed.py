"""Sealed files: their names carry the checksum of their content, so that damage shows at reading.

The checksum is in the name and not in the file. So a listing alone tells two versions apart, and a
file that was truncated or damaged no longer matches its name. A file that lies in the folder of
another trial than its rows are of (`nvp.storage.owner`) is no more believed than a damaged one.
"""

import logging
import zlib
from collections.abc import Iterator

from nvp.storage.owner import find_stranger
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)


def seal_name(stem: str, suffix: str, content: bytes) -> str:
    """Return a file name that carries the checksum of the content: stem-<crc32>.suffix."""
    return f"{stem}-{compute_checksum(content)}.{suffix}"


def is_intact(name: str, content: bytes) -> bool:
    """Whether the content is the one that a sealed name was made for."""
    return name.rpartition(".")[0].rpartition("-")[2] == compute_checksum(content)


def compute_checksum(content: bytes) -> str:
    """Return the CRC-32 of the content and its length, in hex.

    Without the length, zeros cut from the end can go unseen: ff ff ff ff 00 has the CRC-32 of
    ff ff ff ff.
    """
    return f"{zlib.crc32(len(content).to_bytes(8), zlib.crc32(content)):08x}"


def read_intact(storage: Storage, name: str) -> bytes | None:
    """Return the content of a sealed file; None, and a warning, as `verify_content` says."""
    return next(read_all_intact(storage, [name]))


def read_all_intact(storage: Storage, names: list[str]) -> Iterator[bytes | None]:
    """Yield the contents of sealed files in order; None, and a warning, as `verify_content`."""
    for name, content in zip(names, storage.read_all(names), strict=True):
        yield verify_content(storage, name, content)


def verify_content(storage: Storage, name: str, content: bytes | None) -> bytes | None:
    """Return the content of a sealed file; None, and a warning, when it cannot be believed.

    That is when it is gone (None), damaged, or was moved from the folder of another trial.
    """
    if content is None:
        logger.warning("%s is missing", storage.path(name))
        return None
    if not is_intact(name, content):
        logger.warning("%s is damaged: its checksum differs", storage.path(name))
        return None
    if stranger := find_stranger(name, content):
        logger.warning("%s is not of its folder: it holds %s", storage.path(name), stranger)
        return None
    return content


def are_intact(storage: Storage, manifest: dict[str, int]) -> bool:
    """Whether every file that a manifest names is there, undamaged and of its folder."""
    return all(content is not None for content in read_all_intact(storage, list(manifest)))
