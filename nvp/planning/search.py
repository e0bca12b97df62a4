"""A search: a plan that grows by what Optuna proposes, from what the tables say so far.

A configuration is asked once and run for every seed; Optuna is told the mean. Each one enters
study.json before it starts, and what became of it is read from the tables.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from optuna.trial import TrialState

from nvp.config.dotted_paths import flatten_config
from nvp.config.registry import nearest
from nvp.config.space import Axis, Grid, applies, check_conditions
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import Plan, make_trial, write_trials
from nvp.planning.proposal import Told, propose
from nvp.planning.queue import Source
from nvp.storage.reader import read_index, read_study
from nvp.storage.schema import OBJECTIVES
from nvp.storage.store import Storage

DRAWS = 50  # proposals in one place before the space counts as exhausted

Choose = Callable[[TrialConfig], TrialConfig]


class Search(Source):
    """The plan of a search so far, and what is known of it.

    Attributes:
        plan: every configuration that was asked, in that order, each with all its seeds.
        asked: cells, {path: value}, each with the names of its trials.
        waiting: trials that were asked now and not handed out yet.
        exhausted: whether Optuna found nothing new to ask.
    """

    def __init__(
        self,
        design: Design,
        num: int,
        choose: Choose,
        storage: Storage,
        settled: Sequence[str] = ("done", "diverged"),
    ) -> None:
        check_search(design)
        self.settled = settled
        self.design, self.num, self.choose, self.storage = design, num, choose, storage
        self.plan = Plan(design, {})
        self.asked: list[tuple[dict[str, Any], list[str]]] = []
        self.waiting: dict[str, TrialConfig] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.exhausted = False

    def load(self) -> None:
        """Take up what an earlier start asked, as far as it belongs to this search."""
        study = read_study(self.storage)
        asked = study.get("trials", {}) if study.get("search") == "optuna" else {}
        rows = read_index(self.storage).rows
        self.rows = {name: row for name, row in rows.items() if row["status"] in self.settled}
        self.asked, self.plan = [], Plan(self.design, {})
        for name, swept in asked.items():
            cell = cell_of(self.design.space, self.design.base, swept)
            if cell is None or name in self.plan.trials:
                continue
            seed = swept["seed"] - self.design.base.seed
            if make_trial(self.design, cell, seed, self.choose)[0] == name:
                self.add(cell)

    def add(self, cell: dict[str, Any]) -> dict[str, TrialConfig]:
        """Put every seed of a cell into the plan; return those that are not finished."""
        trials = dict(
            make_trial(self.design, cell, seed, self.choose) for seed in range(self.design.seeds)
        )
        self.asked.append((cell, list(trials)))
        self.plan = replace(self.plan, trials=self.plan.trials | trials)
        return {name: config for name, config in trials.items() if name not in self.rows}

    @property
    def to_ask(self) -> int:
        """Return how many configurations are still to be asked."""
        return 0 if self.exhausted else max(0, self.num - len(self.asked))

    def next(self) -> tuple[str, TrialConfig] | None:
        """Return the next trial to start, asked now if need be; None when there is no more."""
        while not self.waiting and self.to_ask:
            cell = self.ask()
            if cell is None:
                self.exhausted = True
                break
            self.waiting = self.add(cell)
            write_trials(self.storage, self.plan)
        if not self.waiting:
            return None
        name = next(iter(self.waiting))
        return name, self.waiting.pop(name)

    def ask(self) -> dict[str, Any] | None:
        """Return a cell that is new and that a trial can have; None when none was found."""
        history = [self.told(*asked) for asked in self.asked]
        directions = list(self.design.objectives.values())
        seed = self.design.base.seed
        for draw in range(DRAWS):
            cell = propose(self.design.space, directions, history, seed=seed, draw=draw)
            try:
                name, _ = make_trial(self.design, cell, 0, self.choose)
            except ValueError:  # each end of each range is valid, this combination is not
                continue
            if name not in self.plan.trials:
                return cell
        return None

    def ended(self, name: str) -> None:
        """Take in the row of a trial that ended."""
        self.rows |= read_index(self.storage, name).rows

    def told(self, cell: dict[str, Any], names: Sequence[str]) -> Told:
        """Return what Optuna is to know of a cell, from the rows of its seeds."""
        rows = [self.rows.get(name) for name in names]
        states = [row and row["status"] for row in rows]
        if None in states:
            return Told(cell, TrialState.RUNNING)
        if "failed" in states:
            return Told(cell, TrialState.FAIL)
        known = [row for row in rows if row and row["status"] == "done"]
        if len(known) < len(rows):
            return Told(cell, TrialState.PRUNED, steps=self.steps(rows))
        return Told(cell, TrialState.COMPLETE, self.values(known))

    def steps(self, rows: Sequence[dict[str, Any] | None]) -> dict[int, float]:
        """Return {rung: mean of the objective} where trials were stopped first; {} = none was."""
        stopped = [row for row in rows if row and row["status"] == "censored"]
        rung = min((row["rung"] for row in stopped), default=0)
        first = [row for row in stopped if row["rung"] == rung]
        return {rung: self.values(first)[0]} if first else {}

    def values(self, rows: Sequence[dict[str, Any]]) -> list[float]:
        """Return the mean of each objective."""
        return [fmean(row[column] for row in rows) for column in self.design.objectives]


def cell_of(space: Any, base: TrialConfig, swept: dict[str, Any]) -> dict[str, Any] | None:
    """Return the cell of a trial in study.json; None when it is none of the space."""
    if set(space) | {"seed"} != set(swept):
        return None
    cell: dict[str, Any] = {}
    for path, axis in space.items():
        if not applies(axis, cell):
            continue
        value = value_of(axis, base, path, swept[path])
        if value is None:
            return None
        cell[path] = value
    return cell


def value_of(axis: Axis, base: TrialConfig, path: str, value: Any) -> Any:
    """Return the value of an axis that study.json has as `value`; None when it has none."""
    if not isinstance(axis, Grid):
        return value if axis.low <= value <= axis.high else None
    plain = {
        json.dumps(flatten_config(base.with_overrides({path: v}))[path]): v for v in axis.values
    }
    return plain.get(json.dumps(value))


def check_search(design: Design) -> None:
    """Raise ValueError for what a search cannot have, before it asks anything."""
    if not design.space:
        raise ValueError("--search optuna: expected a design with axes, got none")
    if design.parent is not None:
        raise ValueError("--search optuna: expected a design without parent; forks are for grids")
    check_conditions(design.space)
    for path, axis in design.space.items():
        for value in axis.values if isinstance(axis, Grid) else (axis.low, axis.high):
            given = {other: values[0] for other, values in axis.when.items()}
            make_trial(design, given | {path: value}, 0, lambda config: config)
    for column, direction in (design.objectives or {"": ""}).items():
        if column not in OBJECTIVES:
            raise ValueError(
                f"objectives: expected columns of trials, one or more of {', '.join(OBJECTIVES)}; "
                f"got {column!r}{nearest(column, OBJECTIVES)}"
            )
        if direction not in ("maximize", "minimize"):
            raise ValueError(f"{column}: expected maximize or minimize, got {direction!r}")
