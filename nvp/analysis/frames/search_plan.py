"""What study.json says of a search: its objectives, its space, its sampler, how much it asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nvp.config.registry import suggest_nearest
from nvp.config.space import Axis, Grid, Range, axis_applies, check_range
from nvp.storage.schema import OBJECTIVES
from nvp.storage.studies import MONITOR

ASSUMED = {"val_accuracy": "maximize"}  # of a design that names no objective
DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class SearchPlan:
    """A search as study.json has it. Of a grid: its axes, and what is assumed of a design.

    Attributes:
        objectives: {column of `trials`: "maximize" or "minimize"}.
        axes: {dotted path: its values or its range}.
        sampler: Optuna's method; "" = study.json does not say.
        num_trials: configurations to be asked in all; None = study.json does not say.
        assumed: whether the objectives are not in study.json.
    """

    objectives: dict[str, str]
    axes: dict[str, Axis] = field(default_factory=dict)
    sampler: str = ""
    num_trials: int | None = None
    assumed: bool = False

    @property
    def signs(self) -> dict[str, int]:
        """Return {objective: 1 where more is better, -1 where less is}."""
        return {name: 1 if way == "maximize" else -1 for name, way in self.objectives.items()}

    def list_applying(self, values: Mapping[str, Any]) -> list[str]:
        """Return the keys of a configuration whose axes apply; those without an axis do."""
        cell: dict[str, Any] = {}
        for key, value in values.items():
            if key not in self.axes or axis_applies(self.axes[key], cell):
                cell[key] = value
        return list(cell)


def is_search(study: Mapping[str, Any]) -> bool:
    """Whether the configurations of a study were proposed one by one."""
    return study.get("search", "grid") not in ("grid", MONITOR)


def read_search_plan(study: Mapping[str, Any]) -> SearchPlan:
    """Return what study.json says of a search; what an older version left out is assumed.

    Raises:
        ValueError: an objective or an axis is not what it should be.
    """
    objectives, conditions = study.get("objectives", {}), study.get("conditions", {})
    for column, direction in objectives.items():
        if column not in OBJECTIVES:
            raise ValueError(
                f"expected columns of trials as objectives, one or more of "
                f"{', '.join(OBJECTIVES)}; got {column!r}{suggest_nearest(column, OBJECTIVES)}"
            )
        if direction not in DIRECTIONS:
            raise ValueError(
                f"expected maximize or minimize as direction of {column}, got {direction!r}"
            )
    space = study.get("space", {})
    return SearchPlan(
        objectives=dict(objectives or ASSUMED),
        axes={
            path: read_axis(path, axis, conditions.get(path, {})) for path, axis in space.items()
        },
        sampler=study.get("sampler", ""),
        num_trials=study.get("num_trials"),
        assumed=not objectives,
    )


def read_axis(path: str, axis: Any, when: Mapping[str, Any]) -> Axis:
    """Return an axis that study.json has as its values, or as its range and conditions."""
    try:
        if isinstance(axis, list):
            return Grid(tuple(axis), {key: tuple(values) for key, values in when.items()})
        known = {name: bool(axis.get(name, False)) for name in ("log", "whole")}
        conditions = {key: tuple(values) for key, values in axis.get("when", {}).items()}
        return check_range(Range(axis["low"], axis["high"], when=conditions, **known))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"expected a list of values, or a range of low < high, as the axis {path}, got {axis!r}"
        ) from error
