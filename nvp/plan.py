"""The plan: every cell x seed of a design, validated and named, and what of it is missing."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from nvp.check import check_trial
from nvp.config import TrialConfig, flatten, trial_id
from nvp.names import nearest
from nvp.storage import Storage
from nvp.tables import Index, read_study


@dataclass(frozen=True)
class Grid:
    """The values of one axis, all of them tried."""

    values: tuple[Any, ...]


def grid(*values: Any) -> Grid:
    """Return an axis of a design: the path of the space is tried at each of `values`."""
    return Grid(values)


@dataclass(frozen=True, kw_only=True)
class Design:
    """One preset of a study: a base configuration, the axes crossed over it, and replicates.

    Attributes:
        base: what all trials share; its seed is the first one.
        space: {dotted path: axis}.
        seeds: replicates of every cell.
        gpus_per_trial: 0 for the CPU, else 1/k of a GPU.
    """

    base: TrialConfig
    space: dict[str, Grid]
    seeds: int = 3
    gpus_per_trial: float = 0.0

    def with_settings(self, settings: dict[str, str], seeds: int | None) -> "Design":
        """Return the design with base values replaced; setting a swept path ends its sweep."""
        space = {path: axis for path, axis in self.space.items() if path not in settings}
        base = self.base.with_overrides(settings)
        return replace(self, base=base, space=space, seeds=seeds or self.seeds)


@dataclass(frozen=True)
class Plan:
    """The trials of a design: {trial id: configuration}, seed after seed."""

    design: Design
    trials: dict[str, TrialConfig]

    def swept(self, config: TrialConfig) -> dict[str, Any]:
        """Return the swept values of a trial, seed included."""
        flat = flatten(config)
        return {path: flat[path] for path in [*self.design.space, "seed"]}

    def only(self, name: str) -> "Plan":
        """Return the plan of one trial.

        Raises:
            ValueError: when it is not in the plan.
        """
        if name not in self.trials:
            raise ValueError(
                f"--only: expected one of the {len(self.trials)} trial ids that --dry-run lists, "
                f"got {name!r}{nearest(name, self.trials)}"
            )
        return replace(self, trials={name: self.trials[name]})


def as_it_is(config: TrialConfig) -> TrialConfig:
    """Return a configuration that leaves nothing open."""
    return config


def make_plan(design: Design, choose: Callable[[TrialConfig], TrialConfig] = as_it_is) -> Plan:
    """Return the plan; the first seed of every cell comes before the second of any.

    Args:
        design: what to cross.
        choose: replaces what a configuration leaves open (`auto`) before it is named.

    Raises:
        ValueError: an unknown path or name, a value out of range, a value given twice.
    """
    trials: dict[str, TrialConfig] = {}
    axes = [[(path, value) for value in axis.values] for path, axis in design.space.items()]
    for offset in range(design.seeds):
        for cell in itertools.product(*axes):
            config = design.base.with_overrides(dict(cell))
            config = config.with_overrides({"seed": design.base.seed + offset})
            check_trial(config)
            config = choose(config)
            name = trial_id(config)
            if name in trials:
                raise ValueError(f"grid: expected every cell once, got {dict(cell)} twice")
            trials[name] = config
    return Plan(design, trials)


@dataclass(frozen=True)
class State:
    """How far a plan is: ids by what became of them. Failed and damaged trials run again."""

    done: list[str]
    failed: dict[str, str]
    missing: list[str]


def compare(plan: Plan, index: Index) -> State:
    """Return what of the plan is committed, failed and missing; failed ones are missing too."""
    status = {name: row["status"] for name, row in index.rows.items()}
    done = [name for name in plan.trials if status.get(name) in ("done", "diverged")]
    failed = {
        name: last_line(index.rows[name]["error"])
        for name in plan.trials
        if status.get(name) == "failed"
    }
    missing = [name for name in plan.trials if name not in set(done)]
    return State(done, failed, missing)


def last_line(text: str | None) -> str:
    """Return the last line of a traceback: the exception."""
    return (text or "").strip().rpartition("\n")[2]


def write_study(
    storage: Storage, name: str, preset: str, plan: Plan, start: dict[str, Any]
) -> None:
    """Write study.json: the current plan, before its first trial, and one more start."""
    space = {path: list(axis.values) for path, axis in plan.design.space.items()}
    study = {
        "study": name,
        "preset": preset,
        "base": flatten(plan.design.base),
        "space": space,
        "seeds": plan.design.seeds,
        "trials": {trial: plan.swept(config) for trial, config in plan.trials.items()},
        "starts": [*read_study(storage).get("starts", []), start],
    }
    storage.write("study.json", json.dumps(study, indent=1).encode())
