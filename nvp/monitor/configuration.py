"""The configuration of a monitored trial: free keys, plain values, and the name that they give."""

import math
import re
from collections.abc import Mapping
from typing import Any

from nvp.config.identity import hash_changes
from nvp.config.numbers import make_canonical
from nvp.config.registry import shorten_text
from nvp.storage.schema import TABLES

Json = dict[str, Any]
WHOLE = 2.0**53  # up to here every whole float is an int without loss
# columns that the tables have, or that the analysis adds; `lr` is free: nearly every loop has one
TAKEN = {name for schema in TABLES.values() for name in schema.names} - {"lr"}
TAKEN |= {"seed", "length", "penalty", "strength"}


def read_configuration(config: Mapping[str, Any] | None) -> Json:
    """Return {key: plain JSON value}; a mapping inside gives keys with dots: {"optim.lr": 0.1}.

    Raises:
        ValueError: a key that is no text, is given twice or is a column of the tables, or a value
            that is no number, text or list of these.
    """
    flat: Json = {}
    for key, value in list_items(config or {}, ""):
        if key in TAKEN:
            raise ValueError(
                f"config: expected keys that are no columns of the tables, got {key!r}; call it "
                f"model.{key} or optim.{key}{'; the seed is the argument seed' * (key == 'seed')}"
            )
        if key in flat:
            raise ValueError(f"config: expected every key once, got {key!r} twice")
        flat[key] = read_value(key, value)
    return flat


def list_items(config: Mapping[Any, Any], prefix: str) -> list[tuple[str, Any]]:
    """Return the keys with their prefix, and their values; of mappings inside the items."""
    items: list[tuple[str, Any]] = []
    for key, value in config.items():
        if not isinstance(key, str) or not key:
            raise ValueError(f"config: expected keys that are text, got {key!r}")
        name = prefix + key
        items += list_items(value, name + ".") if isinstance(value, Mapping) else [(name, value)]
    return items


def read_value(key: str, value: Any) -> Any:
    """Return a value as JSON holds it: a number of at most 12 digits, a text, or a list."""
    value = make_canonical(value)
    if isinstance(value, tuple):
        return [read_value(key, item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE:
        return int(value)  # 1 and 1.0 are one level
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"config: expected finite numbers, got {value} for {key!r}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(
        f"config: expected numbers, text or lists of them, got the {type(value).__name__} "
        f"{shorten_text(repr(value))} for {key!r}"
    )


def check_study_name(study: str) -> None:
    """Raise ValueError for a name of a study that cannot be that of a folder."""
    if not isinstance(study, str) or not re.fullmatch(r"\w[\w .-]*", study):
        raise ValueError(
            f"study: expected a name of letters, digits, - and _ (it names a folder), got {study!r}"
        )


def name_trial(config: Json, seed: int) -> str:
    """Return the name of a monitored trial: 12 hexadecimal digits.

    Raises:
        ValueError: the seed is no whole number >= 0.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed: expected a whole number >= 0, got {seed!r}")
    return hash_changes(config | ({"seed": seed} if seed else {}))
