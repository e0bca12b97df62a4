"""Digests of source files, kept beside the bytecode: parsing all of nvp takes half a second.

A digest is looked up by the content of its file, so one that was kept is never out of date. Where
Python keeps no bytecode (PYTHONDONTWRITEBYTECODE, a folder that cannot be written), none is kept.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import NamedTemporaryFile

MOST = 5000  # digests in the file; nvp has some hundred files, and old ones go


def digest_sources(
    sources: Sequence[bytes], digest: Callable[[bytes], str], rule: bytes
) -> list[str]:
    """Return the digest of each source file, computed or as it was kept.

    Args:
        sources: contents of files.
        digest: computes one.
        rule: the source of `digest`: another rule gives other digests.
    """
    file = Path(cache_from_source(__file__)).with_suffix(".json")
    kept = read_digests(file)
    prefix = sha256(rule).digest()
    keys = [sha256(prefix + source).hexdigest() for source in sources]
    new = {
        key: digest(source) for key, source in zip(keys, sources, strict=True) if key not in kept
    }
    digests = kept | new
    if new and not sys.dont_write_bytecode:
        write_digests(
            file, digests if len(digests) <= MOST else {key: digests[key] for key in keys}
        )
    return [digests[key] for key in keys]


def read_digests(file: Path) -> dict[str, str]:
    """Return {key: digest} of a file; {} where there is none, or a damaged one."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_digests(file: Path, digests: dict[str, str]) -> None:
    """Write a file of digests whole, where the folder can be written; it only saves time."""
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile("w", dir=file.parent, suffix=".tmp", delete=False) as part:
            json.dump(digests, part)
        os.replace(part.name, file)
