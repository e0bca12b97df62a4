"""Extra: the open part of a section, settings that a user's own function takes.

`model.extra.depth=3` is the setting `depth` of what `model.name` names. Which settings there are,
and of which type, the function says (`nvp.config.own_settings`). What is given is part of the
trial's name, and what is not given is not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from nvp.config.numbers import make_plain

PLAIN = (str, int, float, bool, type(None))


class Extra(Mapping[str, Any]):
    """A mapping that cannot be changed, of names to plain JSON values; a list is a tuple.

    Two are equal when their values have the same types, too: 1 is neither 1.0 nor True here, as it
    is not in a trial's name.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Make one; raises ValueError for a name or a value that JSON or a call cannot have."""
        found = {key: freeze_value(key, value) for key, value in (values or {}).items()}
        self.values_by_name = {key: found[key] for key in sorted(found)}
        self.text = repr(self.values_by_name)

    def __getitem__(self, key: str) -> Any:
        return self.values_by_name[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Extra) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


def freeze_value(key: str, value: Any) -> Any:
    """Return a value as `Extra` holds it: plain, a list as a tuple."""
    if not key.isidentifier():
        raise ValueError(f"extra: expected the name of a parameter, e.g. depth, got {key!r}")
    plain = make_plain(value)
    if isinstance(plain, list | tuple):
        return tuple(freeze_value(key, item) for item in plain)
    if not isinstance(plain, PLAIN) or plain != plain:  # nan is no value
        raise ValueError(
            f"extra.{key}: expected a number, a text, true, false, null or a list of these, got "
            f"{value!r}"
        )
    return plain


def thaw_value(value: Any) -> Any:
    """Return a value as JSON holds it: a tuple, also one inside another, becomes a list."""
    return [thaw_value(item) for item in value] if isinstance(value, list | tuple) else value
