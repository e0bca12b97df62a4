"""study.json: the study's plan, one-off plans beside it, and one entry for each of its starts."""

import json
from typing import Any

from nvp.config.dotted_paths import flatten_config
from nvp.config.space import Axis, Grid
from nvp.planning.design import Design
from nvp.planning.plan import Plan
from nvp.storage.json_object import write_object
from nvp.storage.store import Storage
from nvp.storage.study_folder import keep_damaged, read_study

SAME = ("search", "base", "space", "seeds")  # what makes two plans the same
OF_PLANS = (*SAME, "objectives", "sampler", "conditions", "num_trials", "trials", "parents", "argv")
Json = dict[str, Any]


def write_study(
    storage: Storage,
    name: str,
    preset: str,
    plan: Plan,
    start: Json,
    search: str = "grid",
    more: Json | None = None,
) -> None:
    """Write study.json: the plan of a start, before its first trial, and the start.

    Args:
        storage: the study's.
        name: the study's.
        preset: its preset.
        plan: the trials to run.
        start: provenance of this start. With `one_off` in it the plan stands beside the study's,
            instead of replacing it.
        search: how its configurations are found.
        more: `data`, {data set: what it has} of those that the start looked at, and `question`, the
            study's; what is not there stays as it was. `num_trials`: how many configurations a
            search asks in all.
    """
    keep_damaged(storage)
    study, one_off = read_study(storage), start.get("one_off", False)
    told = {"data": {}, "question": study.get("question", {})} | (more or {})
    own = plan_to_json(plan, search) | {"argv": start.get("argv", [])}
    own |= {"num_trials": told["num_trials"]} if "num_trials" in told else {}
    others = [other for other in study.get("one_off", []) if not is_same_plan(other, own)]
    shown = {key: value for key, value in study.items() if key in OF_PLANS} if one_off else own
    document = {
        "study": name,
        "preset": preset,
        **shown,
        "one_off": [*others, own] if one_off else others,
        "data": study.get("data", {}) | told["data"],
        **({"question": told["question"]} if told["question"] else {}),
        "starts": [*study.get("starts", []), start],
    }
    write_object(storage, "study.json", document)


def write_trials(storage: Storage, plan: Plan, search: str, *, one_off: bool = False) -> None:
    """Bring the trials of study.json up to date with a plan that grew, before they start."""
    study, own = read_study(storage), plan_to_json(plan, search)
    for other in study.get("one_off", []) if one_off else []:
        if is_same_plan(other, own):
            other["trials"] = own["trials"]
    grown = study if one_off else study | {"trials": own["trials"]}
    write_object(storage, "study.json", grown)


def find_trials(study: Json, plan: Plan, search: str, *, one_off: bool) -> Json:
    """Return the trials that study.json has of a plan; to begin with, those of the study's.

    Args:
        study: study.json.
        plan: its design counts.
        search: how its configurations are found.
        one_off: whether it stands beside the study's.
    """
    own = plan_to_json(plan, search)
    plans = study.get("one_off", []) if one_off else []
    found = next((other for other in plans if is_same_plan(other, own)), study)
    return found.get("trials", {}) if found.get("search") == search else {}


def plan_to_json(plan: Plan, search: str) -> Json:
    """Return a plan as study.json has it."""
    return {
        "search": search,
        "base": flatten_config(plan.design.base),
        "space": {path: axis_to_json(axis) for path, axis in plan.design.space.items()},
        "seeds": plan.design.seeds,
        **({} if search == "grid" else search_to_json(plan.design)),
        "trials": trials_to_json(plan),
        "parents": list(plan.parents),
    }


def search_to_json(design: Design) -> Json:
    """Return what a search has beside a grid, as study.json has it.

    The conditions of all axes stand apart, because an axis of single values is a plain list.
    """
    conditions = {path: axis.when for path, axis in design.space.items() if axis.when}
    return {
        "objectives": design.objectives,
        "sampler": design.sampler,
        "conditions": to_plain({path: dict(when) for path, when in conditions.items()}),
    }


def is_same_plan(one: Json, other: Json) -> bool:
    """Whether two plans of study.json come from the same design."""
    return all(to_plain(one.get(key)) == to_plain(other.get(key)) for key in SAME)


def to_plain(value: Any) -> Any:
    """Return a value as JSON gives it back: a tuple is a list there."""
    return json.loads(json.dumps(value))


def trials_to_json(plan: Plan) -> Json:
    """Return {trial id: its swept values}."""
    return {name: plan.swept_values(config) for name, config in plan.trials.items()}


def axis_to_json(axis: Axis) -> Any:
    """Return an axis as study.json has it: its values, or the range."""
    return list(axis.values) if isinstance(axis, Grid) else vars(axis) | {"when": dict(axis.when)}
