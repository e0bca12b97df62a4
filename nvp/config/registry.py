"""Looking a name up in a registry, and naming the nearest one when it is not there."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

Value = TypeVar("Value")


def suggest_nearest(name: str, valid: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the valid name closest to `name`, or ""."""
    matches = get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def look_up(kind: str, name: str, registry: Mapping[str, Value]) -> Value:
    """Return `registry[name]`.

    Raises:
        ValueError: when there is none; the message has `kind`, the valid names and the nearest.
    """
    if name not in registry:
        valid = ", ".join(sorted(registry))
        raise ValueError(
            f"{kind}: expected one of {valid}; got {name!r}{suggest_nearest(name, registry)}"
        )
    return registry[name]
