"""JSON objects in a file of their own, with a checksum as the last key: study.json and auto.json.

They are replaced while a study goes on, so the checksum cannot stand in the name. A person may edit
them. So one whose checksum differs is read and named in a warning, not refused.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from nvp.storage.sealed import compute_checksum
from nvp.storage.store import Storage

KEY = "checksum"
LAST = re.compile(rb',\n "(.{8})": "(.{8})"\n}\Z', re.DOTALL)  # also where a letter of KEY changed
SAID: ContextVar[set[str] | None] = ContextVar("SAID", default=None)  # where once is enough
logger = logging.getLogger(__name__)


@contextmanager
def saying_once() -> Iterator[None]:
    """Within it, what is wrong with a file is said once, however often that file is read."""
    token = SAID.set(set())
    try:
        yield
    finally:
        SAID.reset(token)


def warn(said: str) -> None:
    """Warn of a file; not again in a start that reads it several times."""
    before = SAID.get()
    if before is None or said not in before:
        logger.warning(said)
    if before is not None:
        before.add(said)


def write_object(storage: Storage, name: str, values: dict[str, Any]) -> None:
    """Replace a file by a JSON object that is not empty, and the checksum of its name and text."""
    text = json.dumps(values, indent=1).encode().removesuffix(b"\n}")
    checksum = compute_checksum(name.encode() + text)
    storage.write(name, text + f',\n "{KEY}": "{checksum}"\n}}'.encode())


def read_object(storage: Storage, name: str) -> dict[str, Any]:
    """Return a JSON object without its checksum; one of an older version has none.

    Returns:
        {} when there is none or, with a warning, when it is damaged. With a warning, too, what is
        there when the checksum differs.
    """
    content = storage.read_if_there(name)
    if content is None:
        return {}
    try:
        found = json.loads(content)
        if not isinstance(found, dict):
            raise ValueError("expected an object")
    except (ValueError, RecursionError) as error:
        warn(f"{storage.path(name)} is damaged: {error}")
        return {}
    last = LAST.search(content)
    if (last or KEY in found) and not is_unchanged(name, content):
        what = "was changed since it was written, or is damaged: its checksum differs"
        warn(f"{storage.path(name)} {what}")
    found.pop(last[1].decode() if last else KEY, None)
    return found


def is_unchanged(name: str, content: bytes) -> bool:
    """Whether the last key of an object is the checksum of its name and of the text before it."""
    last = LAST.search(content)
    if last is None:
        return False
    checksum = compute_checksum(name.encode() + content[: last.start()])
    return last.groups() == (KEY.encode(), checksum.encode())
