"""Axes of a design: the values of a grid, or a range that a search draws from."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.config.registry import nearest

When = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Grid:
    """The values of one axis, all of them tried; to a search a choice.

    `when` is {path of an earlier axis: its values that this one goes with}; elsewhere the base's
    value stays.
    """

    values: tuple[Any, ...]
    when: When = field(default_factory=dict)


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included, for a search; `when` as of a `Grid`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    when: When = field(default_factory=dict)


Axis = Grid | Range


def grid(*values: Any, when: When | None = None) -> Grid:
    """Return an axis of a design: the path of the space is tried at each of `values`."""
    return Grid(values, when or {})


def uniform(low: float, high: float, *, when: When | None = None) -> Range:
    """Return an axis that a search draws from evenly."""
    return checked(Range(low, high, when=when or {}))


def log_uniform(low: float, high: float, *, when: When | None = None) -> Range:
    """Return an axis that a search draws from evenly in the logarithm; `low` > 0."""
    return checked(Range(low, high, log=True, when=when or {}))


def integers(low: int, high: int, *, log: bool = False, when: When | None = None) -> Range:
    """Return an axis of whole numbers that a search draws from."""
    return checked(Range(low, high, log=log, whole=True, when=when or {}))


def without(space: Mapping[str, Axis], fixed: Mapping[str, Any]) -> dict[str, Axis]:
    """Return the axes that are left once some paths have a value, and what they go with."""
    left = {}
    for path, axis in space.items():
        met = [value in axis.when[other] for other, value in fixed.items() if other in axis.when]
        if path not in fixed and all(met):
            when = {other: values for other, values in axis.when.items() if other not in fixed}
            left[path] = replace(axis, when=when) if met else axis
    return left


def checked(axis: Range) -> Range:
    """Return the range, or raise ValueError when it is empty."""
    if not axis.low < axis.high:
        raise ValueError(f"range: expected low < high, got {axis.low} and {axis.high}")
    if axis.log and axis.low <= 0:
        raise ValueError(f"logarithmic range: expected low > 0, got {axis.low}")
    return axis


def applies(axis: Axis, cell: Mapping[str, Any]) -> bool:
    """Whether an axis goes with the values that earlier axes have in `cell`."""
    return all(path in cell and cell[path] in values for path, values in axis.when.items())


def check_conditions(space: Mapping[str, Axis]) -> None:
    """Raise ValueError for a condition on what is not an earlier axis, or not a value of it."""
    earlier: list[str] = []
    for path, axis in space.items():
        for other, values in axis.when.items():
            if other not in earlier:
                raise ValueError(
                    f"{path}: expected a condition on an axis before it, got {other!r}"
                    f"{nearest(other, earlier)}"
                )
            condition = space[other]
            known = condition.values if isinstance(condition, Grid) else values
            for value in values:
                if value not in known:
                    raise ValueError(
                        f"{path}: expected a condition on values of {other}, {known}, "
                        f"got {value!r}{nearest(str(value), map(str, known))}"
                    )
        earlier.append(path)


def cells(space: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    """Yield every cell of a grid once, the last axis fastest; an axis only where it applies.

    Raises:
        ValueError: for a range, which has no cells.
    """
    check_conditions(space)
    grids: dict[str, Grid] = {}
    for path, axis in space.items():
        if isinstance(axis, Range):
            raise ValueError(
                f"{path}: expected grid(...), got a range of {axis.low} to {axis.high}; "
                "--search optuna --num-trials N draws from it"
            )
        grids[path] = axis
    seen = []
    for values in itertools.product(*(axis.values for axis in grids.values())):
        cell: dict[str, Any] = {}
        left_out = False
        for (path, axis), value in zip(grids.items(), values, strict=True):
            if applies(axis, cell):
                cell[path] = value
            left_out |= path not in cell
        if left_out and cell in seen:
            continue
        seen += [cell] if left_out else []
        yield cell
