"""The space of a search: which cells it can ask, and which of them an earlier start asked."""

import json
from typing import Any

from nvp.config.dotted_paths import flatten_config
from nvp.config.numbers import make_canonical
from nvp.config.registry import suggest_nearest
from nvp.config.space import Axis, Grid, axis_applies, check_conditions
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import keep_as_is, make_trial
from nvp.planning.unread_settings import check_reading
from nvp.storage.schema import OBJECTIVES


def find_cell(space: Any, base: TrialConfig, swept: dict[str, Any]) -> dict[str, Any] | None:
    """Return the cell whose trial study.json has as `swept`; None when the space has no such.

    Its numbers are canonical, whatever the spelling in study.json.
    """
    if set(space) | {"seed"} != set(swept) or not isinstance(swept["seed"], int):
        return None
    cell: dict[str, Any] = {}
    for path, axis in space.items():
        if not axis_applies(axis, cell):
            continue
        value = find_value(axis, base, path, make_canonical(swept[path]))
        if value is None:
            return None
        cell[path] = value
    return cell


def find_value(axis: Axis, base: TrialConfig, path: str, value: Any) -> Any:
    """Return the value of an axis that is `value` in study.json; None when it has no such."""
    if not isinstance(axis, Grid):
        number = isinstance(value, int | float)
        return value if number and axis.low <= value <= axis.high else None
    plain = {
        json.dumps(flatten_config(base.with_overrides({path: v}))[path]): v for v in axis.values
    }
    return plain.get(json.dumps(value))


def check_search(design: Design) -> None:
    """Raise ValueError for a design that cannot be searched, before anything is asked."""
    if not design.space:
        raise ValueError("--search optuna: expected a design with axes, got none")
    if design.parent is not None:
        raise ValueError("--search optuna: expected a design without parent; forks are for grids")
    check_conditions(design.space)
    for path, axis in design.space.items():
        for value in axis.values if isinstance(axis, Grid) else (axis.low, axis.high):
            given = {other: values[0] for other, values in axis.when.items()}
            make_trial(design, given | {path: value}, 0, keep_as_is)
    check_reading(design)
    for column, direction in (design.objectives or {"": ""}).items():
        if column not in OBJECTIVES:
            raise ValueError(
                f"objectives: expected columns of trials, one or more of {', '.join(OBJECTIVES)}; "
                f"got {column!r}{suggest_nearest(column, OBJECTIVES)}"
            )
        if direction not in ("maximize", "minimize"):
            raise ValueError(f"{column}: expected maximize or minimize, got {direction!r}")
