"""Whose a checkpoint is: the trial that its header names, held against its folder."""

import json
import logging
from typing import Any

from nvp.storage.owner import trial_of
from nvp.storage.sealed import read_intact
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)


def read_own(storage: Storage, name: str) -> bytes | None:
    """Return the content of a checkpoint; None, and a warning, when it cannot be believed."""
    content = read_intact(storage, name)
    if content is None:
        return None
    trial, owner = trial_of(name), find_owner(read_header(content))
    if owner in (trial, ""):
        return content
    logger.warning(
        "%s is not of its folder: it holds a checkpoint of the trial %s", storage.path(name), owner
    )
    return None


def read_header(content: bytes) -> dict[str, Any]:
    """Return the values that were saved beside the tensors of a checkpoint.

    A safetensors file is 8 bytes with the length of its JSON header, the header, the data.
    """
    length = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["header"])


def find_owner(header: dict[str, Any]) -> str:
    """Return the trial that a checkpoint is of; "" where it does not say.

    One of an older version has no trial's name, but names the parts that were written before it.
    """
    parts = {trial_of(part) for part in header.get("manifest", {})}
    return header.get("trial_id", "") or ", ".join(sorted(parts))
