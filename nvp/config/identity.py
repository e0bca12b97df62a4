"""The name of a trial: a hash of the fields that differ from their defaults.

A new field whose default changes nothing therefore keeps every old name. Never change a default:
old results would silently claim the new value.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from nvp.config.dotted_paths import make_default, plain_value
from nvp.config.extra import Extra, thaw_value
from nvp.config.fields import fields_of
from nvp.config.trial_config import TrialConfig

SORTED = json.JSONEncoder(sort_keys=True)  # the order of declaration may change


def trial_id(config: TrialConfig) -> str:
    """Return the name of a trial: 12 hexadecimal digits (pinned by tests/golden/trial_ids.txt)."""
    return hash_changes(find_changes(config))


def find_changes(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return {dotted path: plain JSON value} of the fields that differ from their defaults."""
    default, changes = make_default(type(config)), {}
    for field in fields_of(type(config)):
        value, path = getattr(config, field.name), prefix + field.name
        if value == getattr(default, field.name):
            continue
        if dataclasses.is_dataclass(field.type):
            changes |= find_changes(value, path + ".")
        elif isinstance(value, Extra):  # what is given is named, whatever the function's default
            changes |= {f"{path}.{key}": thaw_value(value[key]) for key in value}
        else:
            changes[path] = plain_value(value)
    return changes


def hash_changes(changes: dict[str, Any]) -> str:
    """Return the name of the trial that has these changes from the defaults."""
    text = SORTED.encode(changes)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make_replicates(config: TrialConfig, count: int) -> Iterator[tuple[str, TrialConfig]]:
    """Yield name and configuration of `count` replicates, their seeds counting from its own.

    A plan asks for thousands of them. So the changes that they share are found once, and a copy
    whose seed is set directly is not checked again: only the seed differs, and it is a count.
    """
    shared = find_changes(config)
    for seed in range(config.seed, config.seed + count):
        replicate = object.__new__(type(config))
        vars(replicate).update(vars(config), seed=seed)
        yield hash_changes(shared | {"seed": seed} if seed else shared), replicate
