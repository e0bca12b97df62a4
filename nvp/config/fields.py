"""Fields that know their meaning, type and range, so that an error can name the wrong value."""

import dataclasses
import math
import operator
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin

from nvp.config.extra import Extra
from nvp.config.numbers import make_plain
from nvp.config.registry import shorten_text, suggest_nearest

WHOLE = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LIST_SYNTAX = "a list of numbers in brackets, e.g. [0.5, 0.75]"
SIGNS = {"low": ">=", "above": ">", "high": "<=", "below": "<"}
INSIDE = {"low": operator.ge, "above": operator.gt, "high": operator.le, "below": operator.lt}


def setting(
    default: Any,
    meaning: str,
    *,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field: default, meaning and range (low <= value <= high, above < value < below)."""
    given = {"low": low, "above": above, "high": high, "below": below}
    limits = {key: limit for key, limit in given.items() if limit is not None}
    metadata = {"meaning": meaning, "choices": choices, "limits": limits}
    return dataclasses.field(default=default, metadata=metadata)


def section(kind: type, meaning: str) -> Any:
    """Return a field that is itself a `Settings`; its default has all defaults."""
    metadata = {"meaning": meaning, "choices": (), "limits": {}}
    return dataclasses.field(default_factory=kind, metadata=metadata)


@cache
def fields_of(kind: type) -> tuple[dataclasses.Field, ...]:
    """Return the fields of a dataclass; cached, because a plan reads them thousands of times."""
    return dataclasses.fields(kind)


def open_settings(function: str) -> Any:
    """Return a field for the settings of what the user names in this section; none by default."""
    meaning = f"a setting of {function} that is given as package.module:attribute"
    metadata = {"meaning": meaning, "choices": (), "limits": {}}
    return dataclasses.field(default_factory=Extra, metadata=metadata)


class Settings:
    """A configuration or a section of one: a frozen dataclass that checks every field."""

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            value = coerce_value(getattr(self, field.name), field.type, path=field.name)
            check_value(value, field)
            object.__setattr__(self, field.name, value)  # the dataclass is frozen


def coerce_value(value: Any, kind: Any, *, path: str) -> Any:
    """Return `value` as `kind` where nothing is lost ("0.1" -> 0.1, 64.0 -> 64, [1] -> (1.0,)).

    Raises:
        ValueError: for any other value; the message names the path, the expected type and `value`.
    """
    fits = type(value) is kind and (kind is not float or math.isfinite(value))
    return value if fits else convert_value(value, kind, path=path)


def convert_value(value: Any, kind: Any, *, path: str) -> Any:
    """Return a value of another type as `kind`; raises as `coerce_value`."""
    if kind is Extra:
        return make_extra(value, path)
    value = make_plain(value)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, kind):  # type: ignore[arg-type]
            raise ValueError(f"{path}: expected {name_kind(kind)}, got {shorten_text(repr(value))}")
        return value
    if get_origin(kind) is tuple:
        items = read_list(value, path) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise ValueError(f"{path}: expected {LIST_SYNTAX}, got {shorten_text(repr(value))}")
        return tuple(coerce_value(item, get_args(kind)[0], path=path) for item in items)
    if kind is str and isinstance(value, str):
        return value
    return convert_number(value, kind, path)


def make_extra(value: Any, path: str) -> Extra:
    """Return a mapping as `Extra`; raises as `coerce_value`."""
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{path}: expected a value of one setting, {path}.NAME=VALUE, or in a script a mapping "
            f"of them, got {shorten_text(repr(value))}"
        )
    return Extra(value)


def convert_number(value: Any, kind: Any, path: str) -> Any:
    """Return a number, or the text of one, as `kind`; raises as `coerce_value`."""
    expected = f"{path}: expected {name_kind(kind)}, got {shorten_text(repr(value))}"
    try:
        number = read_number(value) if isinstance(value, str) else value
        if kind is str or isinstance(number, bool) or kind(number) != number:
            raise ValueError(expected)
        if not math.isfinite(number):
            raise ValueError(expected)
        return kind(number)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(expected) from None


def name_kind(kind: Any) -> str:
    """Return the name of a type."""
    return getattr(kind, "__name__", str(kind))


def read_number(text: str) -> int | float:
    """Return the number that a text is, as Python reads it, but no nan, no inf, no underscores.

    Raises:
        ValueError: the text is none.
    """
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    raise ValueError(f"expected a number, got {text!r}")


def read_list(text: str, path: str) -> list[str]:
    """Return the items of a list that is written as [0.5, 0.75].

    Raises:
        ValueError: the text has no brackets.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError(f"{path}: expected {LIST_SYNTAX}, got {shorten_text(repr(text))}")
    inside = text[1:-1].strip()
    return inside.split(",") if inside else []


def check_value(value: Any, field: dataclasses.Field, *, path: str = "") -> None:
    """Raise ValueError when `value` is outside the range or the choices of `field`."""
    path = path or field.name
    choices = field.metadata["choices"]
    if choices and value not in choices:
        valid = ", ".join(choice or "''" for choice in choices)
        raise ValueError(
            f"{path}: expected one of {valid}; got {shorten_text(repr(value))}"
            f"{suggest_nearest(value, choices)}"
        )
    limits = field.metadata["limits"]
    if limits and not all(INSIDE[key](value, limit) for key, limit in limits.items()):
        wanted = " and ".join(f"{SIGNS[key]} {limit:g}" for key, limit in limits.items())
        raise ValueError(f"{path}: expected a value {wanted}, got {shorten_text(repr(value))}")
