"""The folder of a study's preset, and its study.json."""

import json
import logging
from typing import Any

from nvp.storage.store import Storage

logger = logging.getLogger(__name__)


def open_study(place: str, study: str, preset: str) -> Storage:
    """Return the storage of one preset of a study; `place` is a path or a URI.

    Raises:
        ValueError: a URI that no file system understands or that has keys in it, a bucket that
            cannot be reached, a path that is no folder.
    """
    storage = Storage.at(place)
    storage.check()
    below = storage.below(study, preset)
    if below.local:
        below.check()
    return below


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
