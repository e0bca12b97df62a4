"""Axes of a design: the values of a grid, or a range that a search draws from."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.config.registry import suggest_nearest

When = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Grid:
    """The values of one axis: a grid tries all of them, a search chooses among them.

    `when` is {path of an earlier axis: values of it}. The axis applies only where the earlier one
    has one of these values; elsewhere the base configuration's value stays.
    """

    values: tuple[Any, ...]
    when: When = field(default_factory=dict)


@dataclass(frozen=True)
class Range:
    """A range from `low` to `high`, both included, for a search; `when` as in `Grid`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    when: When = field(default_factory=dict)


Axis = Grid | Range


def grid(*values: Any, when: When | None = None) -> Grid:
    """Return an axis of a design that is tried at each of `values`."""
    return Grid(values, when or {})


def uniform(low: float, high: float, *, when: When | None = None) -> Range:
    """Return an axis that a search draws from evenly."""
    return check_range(Range(low, high, when=when or {}))


def log_uniform(low: float, high: float, *, when: When | None = None) -> Range:
    """Return an axis that a search draws from evenly in the logarithm; `low` > 0."""
    return check_range(Range(low, high, log=True, when=when or {}))


def integers(low: int, high: int, *, log: bool = False, when: When | None = None) -> Range:
    """Return an axis of whole numbers that a search draws from."""
    return check_range(Range(low, high, log=log, whole=True, when=when or {}))


def fix_axes(space: Mapping[str, Axis], fixed: Mapping[str, Any]) -> dict[str, Axis]:
    """Return the axes that remain once some paths are fixed, without the conditions on these.

    An axis whose condition a fixed value does not meet is removed too.
    """
    remaining = {}
    for path, axis in space.items():
        met = [value in axis.when[other] for other, value in fixed.items() if other in axis.when]
        if path not in fixed and all(met):
            when = {other: values for other, values in axis.when.items() if other not in fixed}
            remaining[path] = replace(axis, when=when) if met else axis
    return remaining


def check_range(axis: Range) -> Range:
    """Return the range, or raise ValueError when it is empty."""
    if not axis.low < axis.high:
        raise ValueError(f"range: expected low < high, got {axis.low} and {axis.high}")
    if axis.log and axis.low <= 0:
        raise ValueError(f"logarithmic range: expected low > 0, got {axis.low}")
    return axis


def axis_applies(axis: Axis, cell: Mapping[str, Any]) -> bool:
    """Whether an axis applies, given the values that earlier axes have in `cell`."""
    return all(path in cell and cell[path] in values for path, values in axis.when.items())


def check_conditions(space: Mapping[str, Axis]) -> None:
    """Raise ValueError for a condition on a path that is no earlier axis, or on no value of it."""
    earlier: list[str] = []
    for path, axis in space.items():
        for other, values in axis.when.items():
            if other not in earlier:
                raise ValueError(
                    f"{path}: expected a condition on an axis before it, got {other!r}"
                    f"{suggest_nearest(other, earlier)}"
                )
            condition = space[other]
            known = condition.values if isinstance(condition, Grid) else values
            for value in values:
                if value not in known:
                    raise ValueError(
                        f"{path}: expected a condition on values of {other}, {known}, "
                        f"got {value!r}{suggest_nearest(str(value), map(str, known))}"
                    )
        earlier.append(path)


def list_cells(space: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    """Yield every cell of a grid once, the last axis fastest; a cell has the axes that apply.

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
        partial = False
        for (path, axis), value in zip(grids.items(), values, strict=True):
            if axis_applies(axis, cell):
                cell[path] = value
            partial |= path not in cell
        # the product has the same cell once for each value of an axis that does not apply
        if partial and cell in seen:
            continue
        seen += [cell] if partial else []
        yield cell
