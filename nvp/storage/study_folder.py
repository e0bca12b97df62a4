"""The folder of a study's preset, and its study.json."""

import json
import logging
from typing import Any

from nvp.storage.json_object import KEY, is_unchanged, read_object, warn
from nvp.storage.sealed import seal_name
from nvp.storage.store import Storage

# types of the values of study.json, and of the items in them
KINDS: dict[str, type] = {
    **dict.fromkeys(("study", "preset", "search", "sampler"), str),
    **dict.fromkeys(("base", "space", "trials", "data", "question"), dict),
    **dict.fromkeys(("objectives", "conditions"), dict),
    **dict.fromkeys(("starts", "parents", "argv", "one_off"), list),
    **dict.fromkeys(("seeds", "num_trials"), int),
}
ITEMS: dict[str, type] = {"trials": dict, "data": dict, "starts": dict, "parents": str, "argv": str}
ITEMS |= {"objectives": str, "conditions": dict}
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
    """Return study.json, without what is damaged of it; that is named in a warning.

    Returns:
        {} when there is none, or all of it is damaged. Each key has a value of its type.
    """
    found = read_object(storage, "study.json")
    wrong = find_wrong_keys(found)
    for key in wrong:
        warn(f"{storage.path('study.json')} is damaged: read without {key}")
    return {key: value for key, value in found.items() if key not in wrong}


def check_owner(storage: Storage, study: str, preset: str) -> None:
    """Raise ValueError when the folder holds the tables of another study, or of another preset."""
    found = read_study(storage)
    own, other = (study, preset), (found.get("study", study), found.get("preset", preset))
    if own != other:
        raise ValueError(
            f"--storage: expected the tables of {'/'.join(own)} in {storage.root}, got those of "
            f"{'/'.join(other)}, as its study.json says; name another --storage, or move the folder"
        )


def find_wrong_keys(study: dict[str, Any]) -> list[str]:
    """Return the keys of study.json that have no value of their type."""
    return [key for key, value in study.items() if not has_type(key, value)]


def has_type(key: str, value: Any) -> bool:
    """Whether the value of a key of study.json is of its type; keys of later versions may be."""
    if not isinstance(value, KINDS.get(key, object)):
        return False
    if key == "one_off":
        return all(isinstance(plan, dict) and not find_wrong_keys(plan) for plan in value)
    items = value.values() if isinstance(value, dict) else value
    return key not in ITEMS or all(isinstance(item, ITEMS[key]) for item in items)


def keep_damaged(storage: Storage) -> None:
    """Copy a study.json that is damaged to a name of its own, before another one replaces it."""
    if not storage.exists("study.json"):
        return
    content = storage.read("study.json")
    try:
        found = json.loads(content)
        damaged = not isinstance(found, dict) or bool(find_wrong_keys(found))
        damaged = damaged or (KEY in found and not is_unchanged("study.json", content))
    except (ValueError, RecursionError):
        damaged = True
    if damaged:
        name = seal_name("study-damaged", "json", content)
        storage.write(name, content)
        logger.warning("%s keeps what was in it", storage.path(name))
