"""Looking a name up in a registry, and naming the nearest one when it is not there."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

Value = TypeVar("Value")
MOST_TEXT = 200  # characters of a wrong value that an error repeats


def shorten_text(text: str) -> str:
    """Return a text, without its middle where it would fill the screen."""
    return text if len(text) <= MOST_TEXT else f"{text[:60]} ... {text[-20:]}"


def suggest_nearest(name: str, valid: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest valid name, whatever its case; "" for none."""
    names = {each.lower(): each for each in valid}
    matches = get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    return f" (did you mean {names[matches[0]]!r}?)" if matches else ""


def suggest_path(name: str, valid: Iterable[str]) -> str:
    """Return the hint for an unknown dotted path: all paths that end as it does, else the nearest.

    So `lr` is answered by `optim.lr`, and `name` by all sections that have one.
    """
    paths, last = list(valid), name.rpartition(".")[2].lower()
    found = [path for path in paths if path.rpartition(".")[2] == last]
    if not found:
        return suggest_nearest(name, paths) or suggest_last_part(last, paths)
    return f" (did you mean {' or '.join(map(repr, found))}?)"


def suggest_last_part(last: str, paths: list[str]) -> str:
    """Return the hint for a path whose last part is misspelled and whose section is not given."""
    ends = {path.rpartition(".")[2]: path for path in paths}
    matches = get_close_matches(last, ends, n=1, cutoff=0.6)
    return f" (did you mean {ends[matches[0]]!r}?)" if matches else ""


def look_up(kind: str, name: str, registry: Mapping[str, Value], other: str = "") -> Value:
    """Return `registry[name]`.

    Args:
        kind: what is looked up, for the message.
        name: as a user gave it.
        registry: {name: value}.
        other: what may stand there beside the names, a dotted name in our spelling.

    Raises:
        ValueError: when there is none; the message has `kind`, the valid names and the nearest.
    """
    if name not in registry:
        valid = ", ".join(sorted(registry)) + (f", or {other}" if other else "")
        raise ValueError(
            f"{kind}: expected one of {valid}; got {shorten_text(repr(name))}"
            f"{(suggest_dotted(name) if other else '') or suggest_nearest(name, registry)}"
        )
    return registry[name]


def suggest_dotted(name: str) -> str:
    """Return the hint for a dotted name in another spelling: `a.b.c`, `a/b.py:c`; "" for others."""
    spelled = name.replace("/", ".").replace(".py:", ":").strip(".")
    if ":" not in spelled:
        spelled = ":".join(spelled.rsplit(".", 1))
    parts = spelled.replace(":", ".").split(".")
    valid = spelled.count(":") == 1 and all(part.isidentifier() for part in parts)
    return f" (did you mean {spelled!r}?)" if valid and spelled != name else ""
