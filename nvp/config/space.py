"""Axes of a design: the values of a grid, or a range that a search draws from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, SupportsFloat, SupportsInt

from nvp.config.numbers import make_canonical
from nvp.config.registry import suggest_nearest

When = Mapping[str, tuple[Any, ...]]
Conditions = Mapping[str, Any]  # as a script writes them: several values, or one


@dataclass(frozen=True)
class Grid:
    """The values of one axis: a grid tries all of them, a search chooses among them.

    `when` is {path of an earlier axis: values of it}. The axis applies only where the earlier one
    has one of these values; elsewhere the base configuration's value stays.
    """

    values: tuple[Any, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", make_canonical(tuple(self.values)))  # it is frozen
        object.__setattr__(self, "when", make_canonical_conditions(self.when))


@dataclass(frozen=True)
class Range:
    """A range from `low` to `high`, both included, for a search; `when` as in `Grid`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", make_canonical(self.low))  # it is frozen
        object.__setattr__(self, "high", make_canonical(self.high))
        object.__setattr__(self, "when", make_canonical_conditions(self.when))


Axis = Grid | Range


def grid(*values: Any, when: Conditions | None = None) -> Grid:
    """Return an axis of a design that is tried at each of `values`.

    Args:
        values: plain values of the field that the axis is of.
        when: {path of an earlier axis: its values} at which this axis applies; None = always.
    """
    return Grid(values, make_canonical_conditions(when or {}))


def uniform(low: SupportsFloat, high: SupportsFloat, *, when: Conditions | None = None) -> Range:
    """Return an axis that a search draws from evenly.

    Args:
        low: its smallest value.
        high: its largest value, included.
        when: {path of an earlier axis: its values} at which this axis applies; None = always.
    """
    return make_range(low, high, when)


def log_uniform(
    low: SupportsFloat, high: SupportsFloat, *, when: Conditions | None = None
) -> Range:
    """Return an axis that a search draws from evenly in the logarithm.

    Args:
        low: its smallest value, above 0.
        high: its largest value, included.
        when: {path of an earlier axis: its values} at which this axis applies; None = always.

    Raises:
        ValueError: `low` is not below `high` or not above 0, or one of them is no number.
    """
    return make_range(low, high, when, log=True)


def integers(
    low: SupportsInt, high: SupportsInt, *, log: bool = False, when: Conditions | None = None
) -> Range:
    """Return an axis of whole numbers that a search draws from.

    Args:
        low: its smallest value.
        high: its largest value, included.
        log: whether it draws evenly in the logarithm; then `low` is above 0.
        when: {path of an earlier axis: its values} at which this axis applies; None = always.
    """
    return make_range(low, high, when, log=log, whole=True)


def make_range(low: Any, high: Any, when: Conditions | None, **kind: bool) -> Range:
    """Return a range, checked."""
    return check_range(Range(low, high, **kind, when=make_canonical_conditions(when or {})))


def make_canonical_conditions(when: Conditions) -> dict[str, tuple[Any, ...]]:
    """Return the conditions of an axis with canonical values; a single value becomes a tuple."""
    conditions = {}
    for path, values in when.items():
        several = isinstance(values, list | tuple | set | frozenset) or getattr(values, "ndim", 0)
        conditions[path] = make_canonical(tuple(values) if several else (values,))
    return conditions


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
    """Return the range, or raise ValueError when it is empty or has no numbers for ends."""
    for end in (axis.low, axis.high):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise ValueError(f"range: expected numbers for low and high, got {end!r}")
        if axis.whole and end != round(end):
            raise ValueError(f"range: expected whole numbers for low and high, got {end!r}")
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
    grids: list[tuple[str, Grid]] = []
    for path, axis in space.items():
        if isinstance(axis, Range):
            raise ValueError(
                f"{path}: expected grid(...), got a range of {axis.low} to {axis.high}; "
                "--search optuna --num-trials N draws from it"
            )
        grids.append((path, axis))
    yield from extend_cell({}, grids)


def extend_cell(
    cell: dict[str, Any], grids: Sequence[tuple[str, Grid]]
) -> Iterator[dict[str, Any]]:
    """Yield every cell that begins with `cell` and has values of those `grids` that apply."""
    if not grids:
        yield cell
        return
    (path, axis), *others = grids
    if not axis_applies(axis, cell):
        yield from extend_cell(cell, others)
        return
    for value in axis.values:
        yield from extend_cell(cell | {path: value}, others)
