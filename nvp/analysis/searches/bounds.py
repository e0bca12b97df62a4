"""Whether a value lies at the end of its axis, where a better one may lie beyond. Pure."""

import math
from typing import Any

from nvp.config.space import Axis, Grid

NEAR = 0.02  # of a range, or of its logarithm: closer to an end than this is at the end
LOWER, UPPER = "lower", "upper"


def find_bound(axis: Axis | None, value: Any) -> str:
    """Return at which end of its axis a value lies: "lower", "upper", or "" for neither.

    Names have no ends. Single numbers and whole ones are at an end when they are that end.
    """
    ends = find_ends(axis)
    if ends is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    low, high = ends
    margin = 0.0
    if not isinstance(axis, Grid) and axis is not None and not axis.whole:
        if axis.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        margin = NEAR * (high - low)
    return LOWER if value <= low + margin else UPPER if value >= high - margin else ""


def find_ends(axis: Axis | None) -> tuple[float, float] | None:
    """Return the ends of an axis of numbers; None for names, and for less than three values."""
    if axis is None:
        return None
    if not isinstance(axis, Grid):
        few = axis.whole and axis.high - axis.low < 2
        return None if few else (axis.low, axis.high)
    numbers = [v for v in axis.values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < max(3, len(axis.values)):
        return None
    return min(numbers), max(numbers)
