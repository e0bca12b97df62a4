"""Fields that know their meaning, type and range, so that an error can name the wrong value."""

import dataclasses
import json
import math
import operator
from functools import cache
from typing import Any, get_args, get_origin

from nvp.config.registry import suggest_nearest

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
    expected = f"{path}: expected {getattr(kind, '__name__', kind)}, got {value!r}"
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, kind):  # type: ignore[arg-type]
            raise ValueError(expected)
        return value
    if kind is str:
        if not isinstance(value, str):
            raise ValueError(expected)
        return value
    try:
        value = json.loads(value) if isinstance(value, str) else value
        if get_origin(kind) is tuple:
            return tuple(coerce_value(item, get_args(kind)[0], path=path) for item in value)
        if isinstance(value, bool) or kind(value) != value or not math.isfinite(value):
            raise ValueError(expected)
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(expected) from None


def check_value(value: Any, field: dataclasses.Field, *, path: str = "") -> None:
    """Raise ValueError when `value` is outside the range or the choices of `field`."""
    path = path or field.name
    choices = field.metadata["choices"]
    if choices and value not in choices:
        valid = ", ".join(choices)
        raise ValueError(
            f"{path}: expected one of {valid}; got {value!r}{suggest_nearest(value, choices)}"
        )
    limits = field.metadata["limits"]
    if limits and not all(INSIDE[key](value, limit) for key, limit in limits.items()):
        wanted = " and ".join(f"{SIGNS[key]} {limit:g}" for key, limit in limits.items())
        raise ValueError(f"{path}: expected a value {wanted}, got {value!r}")
