"""Numbers as a design holds them: plain Python numbers of at most 12 significant digits.

A trial is named by its numbers, so 0.1 + 0.2 must not be another level than 0.3. Numbers are made
canonical where they enter (`--set`, the axes and the base of a design, proposals of a search), and
never where rows or plans are read: what was trained keeps its number and its name.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

DIGITS = 12
LONG_NUMBER = re.compile(r"(?<![\w.])-?\d(?:\.?\d){12,}")  # in JSON; at least 13 digits
PERHAPS_LONG = re.compile(r"[0-9][0-9.]{12}")  # finds all of these and some more, four times faster


def make_canonical(value: Any) -> Any:
    """Return a value as a design holds it; what is no number or list of them, unchanged.

    A float is rounded to 12 significant digits, -0.0 becomes 0.0, and a list or an array a tuple.
    A scalar of NumPy or torch becomes the shortest decimal that it stands for in its own precision:
    float32's 0.1 becomes 0.1, although its value is 0.100000001490116.
    """
    plain = make_plain(value)
    if isinstance(plain, list | tuple):
        return tuple(make_canonical(item) for item in plain)
    return round_number(plain) if isinstance(plain, float) else plain


def make_plain(value: Any) -> Any:
    """Return a number, text or array of another library as Python has it; all else unchanged.

    A float of Python keeps all of its digits.
    """
    if value is None or type(value) in (bool, int, float, str, list, tuple):
        return value
    if getattr(value, "ndim", 0):
        return [make_plain(item) for item in value]
    if hasattr(value, "item") and hasattr(value, "dtype"):
        return shorten_scalar(value)
    if isinstance(value, Fraction | Decimal):
        return read_exact_number(value)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def round_number(value: float) -> float:
    """Return a number rounded to 12 significant digits, and never -0.0; nan and inf unchanged."""
    return float(f"{value:.{DIGITS}g}") + 0.0  # -0.0 + 0.0 is 0.0


def shorten_scalar(value: Any) -> Any:
    """Return a scalar of NumPy or torch: the shortest decimal that its type does not tell from it.

    A float64 that needs more than 12 digits keeps all of its own.
    """
    exact = value.item()
    if not isinstance(exact, float):
        return make_plain(exact)
    cast = getattr(value, "new_tensor", None) or value.dtype.type
    for digits in range(1, DIGITS + 1):
        short = float(f"{exact:.{digits}g}")
        if bool(cast(short) == value):
            return short
    return exact


def read_exact_number(value: Fraction | Decimal) -> float:
    """Return the nearest float; infinite beyond the largest one, which every field refuses."""
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def has_long_number(text: str) -> bool:
    """Whether a JSON text has a number of more than 12 digits, as no canonical one has."""
    return bool(PERHAPS_LONG.search(text) and LONG_NUMBER.search(text))


def make_canonical_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return {path: canonical value}."""
    return {path: make_canonical(value) for path, value in values.items()}
