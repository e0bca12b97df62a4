"""Fields that know their meaning, type and range, so that a wrong value names itself."""

import dataclasses
import json
import math
from typing import Any, get_args, get_origin

from nvp.names import nearest


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
    """Declare a field: default, meaning and range (low <= value <= high, above < value < below)."""
    limits = {"low": low, "above": above, "high": high, "below": below}
    metadata = {"meaning": meaning, "choices": choices, "limits": limits}
    return dataclasses.field(default=default, metadata=metadata)


def part(kind: type, meaning: str) -> Any:
    """Declare a field that is itself a `Settings`, with all its defaults."""
    metadata = {"meaning": meaning, "choices": (), "limits": {}}
    return dataclasses.field(default_factory=kind, metadata=metadata)


class Settings:
    """Coerces and checks every field of a dataclass; its parts are `Settings` too."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = coerce(getattr(self, field.name), field.type, path=field.name)
            check(value, field)
            object.__setattr__(self, field.name, value)


def coerce(value: Any, kind: Any, *, path: str) -> Any:
    """Return `value` as `kind` where nothing is lost ("0.1" -> 0.1, 64.0 -> 64, [1] -> (1.0,)).

    Raises:
        ValueError: when it is not one; names the path, the expected type and what came.
    """
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
            return tuple(coerce(item, get_args(kind)[0], path=path) for item in value)
        if isinstance(value, bool) or kind(value) != value or not math.isfinite(value):
            raise ValueError(expected)
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(expected) from None


def check(value: Any, field: dataclasses.Field, *, path: str = "") -> None:
    """Raise ValueError when `value` is outside the range or the choices of `field`."""
    path = path or field.name
    choices = field.metadata["choices"]
    if choices and value not in choices:
        valid = ", ".join(choices)
        raise ValueError(f"{path}: expected one of {valid}; got {value!r}{nearest(value, choices)}")
    limits = {key: limit for key, limit in field.metadata["limits"].items() if limit is not None}
    inside = {
        "low": lambda limit: value >= limit,
        "above": lambda limit: value > limit,
        "high": lambda limit: value <= limit,
        "below": lambda limit: value < limit,
    }
    signs = {"low": ">=", "above": ">", "high": "<=", "below": "<"}
    if not all(inside[key](limit) for key, limit in limits.items()):
        wanted = " and ".join(f"{signs[key]} {limit:g}" for key, limit in limits.items())
        raise ValueError(f"{path}: expected a value {wanted}, got {value!r}")
