"""study.json: the current plan of a study and one entry for each of its starts."""

import json
from typing import Any

from nvp.config.dotted_paths import flatten_config
from nvp.config.space import Axis, Grid
from nvp.planning.plan import Plan
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study


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
        plan: the trials to run.
        start: provenance of this start.
        search: how its configurations are found.
    """
    study = {
        "study": name,
        "preset": preset,
        "search": search,
        "base": flatten_config(plan.design.base),
        "space": {path: axis_to_json(axis) for path, axis in plan.design.space.items()},
        "seeds": plan.design.seeds,
        "trials": trials_to_json(plan),
        "parents": list(plan.parents),
        "starts": [*read_study(storage).get("starts", []), start],
    }
    write_json(storage, study)


def write_trials(storage: Storage, plan: Plan) -> None:
    """Bring the trials of study.json up to date with a plan that grew, before they start."""
    write_json(storage, read_study(storage) | {"trials": trials_to_json(plan)})


def trials_to_json(plan: Plan) -> dict[str, Any]:
    """Return {trial id: its swept values}."""
    return {name: plan.swept_values(config) for name, config in plan.trials.items()}


def axis_to_json(axis: Axis) -> Any:
    """Return an axis as study.json has it: its values, or the range."""
    return list(axis.values) if isinstance(axis, Grid) else vars(axis) | {"when": dict(axis.when)}


def write_json(storage: Storage, study: dict[str, Any]) -> None:
    """Replace study.json."""
    storage.write("study.json", json.dumps(study, indent=1).encode())
