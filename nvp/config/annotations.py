"""A value, or the text of one, in the type that a parameter is annotated with."""

import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

from nvp.config.fields import coerce_value, read_list, read_number
from nvp.config.registry import shorten_text, suggest_nearest

WORDS = {"true": True, "false": False, "none": None, "null": None}


def fit_type(value: Any, kind: Any, path: str) -> Any:
    """Return a value as an annotated type; of a type that is no plain one, as JSON reads it."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return fit_union(value, get_args(kind), path)
    if origin is Literal:
        return fit_literal(value, get_args(kind), path)
    if kind is bool:
        return fit_bool(value, path)
    if kind in (int, float, str):
        return coerce_value(value, kind, path=path)
    if kind in (list, tuple) or origin in (list, tuple, Sequence):
        return fit_list(value, kind, path)
    return guess_value(value)


def fit_union(value: Any, kinds: tuple[Any, ...], path: str) -> Any:
    """Return a value as the first type that it fits, its own before others, text last."""
    if type(None) in kinds and guess_value(value) is None:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    own = [kind for kind in rest if kind is type(value) is not str]
    for kind in [*own, *sorted(rest, key=lambda kind: kind is str)]:
        try:
            return fit_type(value, kind, path)
        except ValueError:
            continue
    names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
    raise ValueError(f"{path}: expected {names}, got {shorten_text(repr(value))}")


def fit_literal(value: Any, choices: tuple[Any, ...], path: str) -> Any:
    """Return the choice that a value, or its text, is."""
    for choice in choices:
        if str(choice) == str(value):
            return choice
    valid = [str(choice) for choice in choices]
    raise ValueError(
        f"{path}: expected one of {', '.join(valid)}; got {shorten_text(repr(value))}"
        f"{suggest_nearest(str(value), valid)}"
    )


def fit_bool(value: Any, path: str) -> bool:
    """Return true or false, as Python or JSON writes them."""
    found = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError(f"{path}: expected true or false, got {shorten_text(repr(value))}")
    return found


def fit_list(value: Any, kind: Any, path: str) -> Any:
    """Return a list or a tuple, as annotated, with items of the annotated types."""
    items = read_list(value, path) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError(f"{path}: expected a list, got {shorten_text(repr(value))}")
    wanted = get_args(kind)
    whole = tuple if kind is tuple or get_origin(kind) is tuple else list
    if whole is tuple and wanted and wanted[-1] is not Ellipsis and len(wanted) != len(items):
        raise ValueError(f"{path}: expected {len(wanted)} items, got {len(items)}: {value!r}")
    fixed = whole is tuple and wanted and wanted[-1] is not Ellipsis
    kinds = wanted if fixed else (wanted[0] if wanted else Any,) * len(items)
    return whole(fit_type(item, each, path) for item, each in zip(items, kinds, strict=True))


def guess_value(value: Any) -> Any:
    """Return what a text stands for where no type is known: a number, a word of JSON, a list."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if text.startswith("[") and text.endswith("]"):
        return tuple(guess_value(item) for item in read_list(text, "extra"))
    try:
        return read_number(text)
    except ValueError:
        return value
