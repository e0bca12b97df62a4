"""Dotted paths into a configuration: `optim.lr` names a field wherever one is set, stored or swept.

The same path is the key of a search space, the column of a table and the key of an axis label.
"""

import dataclasses
from functools import cache, reduce
from typing import Any

from nvp.config.extra import Extra, thaw_value
from nvp.config.fields import check_value, coerce_value, fields_of


@cache
def list_paths(kind: type) -> tuple[str, ...]:
    """Return the dotted paths of a configuration, in the order of declaration."""
    return tuple(flatten_config(kind()))


def flatten_config(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return {dotted path: plain JSON value}, in the order of declaration."""
    flat: dict[str, Any] = {}
    for field in fields_of(type(config)):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            flat |= flatten_config(value, prefix + field.name + ".")
        elif isinstance(value, Extra):
            flat |= {f"{prefix}{field.name}.{key}": thaw_value(value[key]) for key in value}
        else:
            flat[prefix + field.name] = plain_value(value)
    return flat


def unflatten_config(kind: type, flat: dict[str, Any]) -> Any:
    """Return the `Settings` of type `kind` that a stored flat mapping describes.

    An absent path keeps its default: an older version wrote the mapping before the field existed,
    and a new field's default changes nothing.
    """
    return replace_values(make_default(kind), flat)


def replace_values(settings: Any, flat: dict[str, Any], prefix: str = "") -> Any:
    """Return a copy of `settings` with the values of `flat` that lie below `prefix`.

    A section that `flat` does not mention is the same object as before, and is not checked again.

    Raises:
        ValueError: value of another type, or out of range.
    """
    values = {}
    for field in fields_of(type(settings)):
        path = prefix + field.name
        if dataclasses.is_dataclass(field.type):
            inner = {name: flat[name] for name in flat if name.startswith(path + ".")}
            if inner:
                section = getattr(settings, field.name)
                values[field.name] = replace_values(section, inner, path + ".")
        elif field.type is Extra:
            values[field.name] = replace_extra(getattr(settings, field.name), flat, path)
        elif path in flat:
            values[field.name] = coerce_value(flat[path], field.type, path=path)
            check_value(values[field.name], field, path=path)
    return dataclasses.replace(settings, **values)


def replace_extra(extra: Extra, flat: dict[str, Any], path: str) -> Extra:
    """Return the open settings at `path` with the values of `flat` that lie below it."""
    if path in flat:
        return coerce_value(flat[path], Extra, path=path)
    given = {key[len(path) + 1 :]: flat[key] for key in flat if key.startswith(path + ".")}
    return Extra({**extra, **given}) if given else extra


def find_open_path(kind: type, path: str) -> bool:
    """Whether a dotted path is one of the open settings: `model.extra.depth`."""
    parent, _, name = path.rpartition(".")
    return bool(name) and parent in list_open_paths(kind)


@cache
def list_open_paths(kind: type, prefix: str = "") -> tuple[str, ...]:
    """Return the paths below which any setting may be given."""
    found: list[str] = []
    for field in fields_of(kind):
        if field.type is Extra:
            found.append(prefix + field.name)
        elif dataclasses.is_dataclass(field.type):
            found += list_open_paths(field.type, f"{prefix}{field.name}.")  # type: ignore[arg-type]
    return tuple(found)


def read_value(config: Any, path: str) -> Any:
    """Return the plain JSON value at a dotted path; None for an open setting that is not given."""
    return plain_value(reduce(read_part, path.split("."), config))


def read_part(settings: Any, name: str) -> Any:
    """Return the field, or the open setting, of one part of a dotted path."""
    return settings.get(name) if isinstance(settings, Extra) else getattr(settings, name)


def plain_value(value: Any) -> Any:
    """Return a field's value as JSON holds it: a tuple becomes a list."""
    return thaw_value(value) if isinstance(value, tuple) else value


@cache
def make_default(kind: type) -> Any:
    """Return the defaults of a configuration or of one of its sections; made once for each type."""
    return kind()
