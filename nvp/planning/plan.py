"""The plan: every cell x seed of a design, validated and named, and what of it is missing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.config.dotted_paths import flatten_config, read_value
from nvp.config.identity import make_replicates, trial_id
from nvp.config.registry import nearest
from nvp.config.space import Axis, Grid, cells
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.storage.reader import Index, read_study
from nvp.storage.store import Storage
from nvp.trial.fork import check_pair, is_ready, parent_of
from nvp.trial.fork import missing as missing_parent
from nvp.trial.validation import check_trial


@dataclass(frozen=True)
class Plan:
    """The trials of a design: {trial id: configuration}, seed after seed, and their parents."""

    design: Design
    trials: dict[str, TrialConfig]
    parents: dict[str, TrialConfig] = field(default_factory=dict)

    def swept(self, config: TrialConfig) -> dict[str, Any]:
        """Return the swept values of a trial, seed included."""
        return {path: read_value(config, path) for path in [*self.design.space, "seed"]}

    def only(self, name: str) -> "Plan":
        """Return the plan of one trial.

        Raises:
            ValueError: when it is not in the plan.
        """
        if name in self.parents:
            return replace(self, trials={name: self.parents[name]}, parents={})
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
    parents: dict[str, TrialConfig] = {}
    every = [
        (cell, list(make_replicates(prepared(design, cell, choose), design.seeds)))
        for cell in cells(design.space)
    ]
    for offset in range(design.seeds):
        for cell, (name, config) in ((cell, named[offset]) for cell, named in every):
            if design.parent is not None:
                parent = parent_of(config, design.parent)
                check_trial(parent)
                config = replace(config, parent=trial_id(parent))
                parents[config.parent], name = parent, trial_id(config)
            if name in trials:
                raise ValueError(f"grid: expected every cell once, got {cell} twice")
            trials[name] = config
    return Plan(design, trials, parents)


def make_trial(
    design: Design, cell: dict[str, Any], offset: int, choose: Callable[[TrialConfig], TrialConfig]
) -> tuple[str, TrialConfig]:
    """Return the name and the checked configuration of one replicate of a cell."""
    *_, last = make_replicates(prepared(design, cell, choose), offset + 1)
    return last


def prepared(
    design: Design, cell: dict[str, Any], choose: Callable[[TrialConfig], TrialConfig]
) -> TrialConfig:
    """Return the checked configuration of the first replicate of a cell, nothing left open."""
    config = design.base.with_overrides(cell)
    check_trial(config)
    return choose(config)


@dataclass(frozen=True)
class State:
    """How far a plan is: ids by what became of them. Failed and damaged trials run again.

    `parents` are those that forks among the missing wait for.
    """

    done: list[str]
    failed: dict[str, str]
    missing: list[str]
    parents: list[str] = field(default_factory=list)


def compare(plan: Plan, index: Index, settled: Sequence[str] = ("done", "diverged")) -> State:
    """Return what of the plan is committed, failed and missing; failed ones are missing too.

    Args:
        plan: the trials.
        index: what is committed.
        settled: the statuses of trials that do not run again.
    """
    status = {name: row["status"] for name, row in index.rows.items()}
    done = [name for name in plan.trials if status.get(name) in settled]
    failed = {
        name: last_line(index.rows[name]["error"])
        for name in plan.parents | plan.trials
        if status.get(name) == "failed"
    }
    finished = set(done)
    missing = [name for name in plan.trials if name not in finished]
    wanted = dict.fromkeys(plan.trials[name].parent for name in missing)
    waiting = [p for p in wanted if p and not is_ready(index.storage, p, status.get(p))]
    return State(done, failed, missing, waiting)


def to_run(plan: Plan, state: State, index: Index) -> dict[str, TrialConfig]:
    """Return the missing trials, after the parents that they wait for.

    Raises:
        ValueError: when a parent is not to be had, or not one to start from.
    """
    for name in state.parents:
        if name not in plan.parents:
            row = index.rows.get(name, {"status": "missing"})
            raise ValueError(missing_parent(index.storage, name, row["status"]))
    for fork in (plan.trials[name] for name in state.missing):
        if fork.parent and fork.parent not in plan.parents:
            stored = json.loads(index.rows[fork.parent]["config"])
            check_pair(TrialConfig().with_overrides(stored), fork)
    parents = {name: plan.parents[name] for name in state.parents}
    return parents | {name: plan.trials[name] for name in state.missing}


def waves(trials: dict[str, TrialConfig]) -> list[dict[str, TrialConfig]]:
    """Return `trials` in groups, those that others start from before them."""
    groups, left = [], dict(trials)
    while left:
        ready = {name: config for name, config in left.items() if config.parent not in left}
        left = {name: config for name, config in left.items() if name not in ready}
        groups.append(ready)
    return groups


def last_line(text: str | None) -> str:
    """Return the last line of a traceback: the exception."""
    return (text or "").strip().rpartition("\n")[2]


def write_study(
    storage: Storage,
    name: str,
    preset: str,
    plan: Plan,
    start: dict[str, Any],
    search: str = "grid",
) -> None:
    """Write study.json: the current plan, before its first trial, and one more start.

    Args:
        storage: the study's.
        name: the study's.
        preset: its preset.
        plan: what is to be run.
        start: of this start.
        search: how its configurations are found.
    """
    study = {
        "study": name,
        "preset": preset,
        "search": search,
        "base": flatten_config(plan.design.base),
        "space": {path: written(axis) for path, axis in plan.design.space.items()},
        "seeds": plan.design.seeds,
        "trials": {trial: plan.swept(config) for trial, config in plan.trials.items()},
        "parents": list(plan.parents),
        "starts": [*read_study(storage).get("starts", []), start],
    }
    storage.write("study.json", json.dumps(study, indent=1).encode())


def written(axis: Axis) -> Any:
    """Return an axis as study.json has it: its values, or the range."""
    return list(axis.values) if isinstance(axis, Grid) else vars(axis) | {"when": dict(axis.when)}


def write_trials(storage: Storage, plan: Plan) -> None:
    """Bring the trials of study.json up to date with a plan that grew, before they start."""
    trials = {trial: plan.swept(config) for trial, config in plan.trials.items()}
    study = read_study(storage) | {"trials": trials}
    storage.write("study.json", json.dumps(study, indent=1).encode())
