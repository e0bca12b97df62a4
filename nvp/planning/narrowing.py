"""Whether a start takes a part of its study, by its flags: then its plan is a one-off one.

`--seeds 3` of a study of five, or `--set prune.method=dnr` where the method is swept, is a look at
a part of the study. It must not replace the plan that the analysis shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nvp.config.space import Axis
from nvp.planning.plan import Plan
from nvp.planning.study_file import plan_to_json, to_plain


@dataclass(frozen=True)
class Narrowing:
    """What the flags of a start narrow.

    Attributes:
        given: whether there is a flag that could: `--set` or `--seeds`.
        fixes: whether a path is set that the study's script sweeps.
    """

    given: bool = False
    fixes: bool = False


WHOLE = Narrowing()


def read_narrowing(
    space: Mapping[str, Axis], settings: Mapping[str, str], seeds: int | None
) -> Narrowing:
    """Return what `--set` and `--seeds` narrow of the axes that a study's script has."""
    fixes = any(path in space for path in settings)
    return Narrowing(given=bool(settings) or seeds is not None, fixes=fixes)


def is_one_off(study: dict[str, Any], plan: Plan, search: str, narrowing: Narrowing) -> bool:
    """Whether the plan of a start stands beside the study's, instead of replacing it.

    Args:
        study: study.json.
        plan: of the start.
        search: how its configurations are found.
        narrowing: what the flags of the start narrow.
    """
    if not study.get("trials") or not narrowing.given:
        return False
    if search != "grid":  # its trials are not known yet
        own = plan_to_json(plan, search)
        if all(study.get(key) == to_plain(own[key]) for key in ("search", "base", "space")):
            return plan.design.seeds < study.get("seeds", 0)
        return narrowing.fixes
    planned, wanted = study["trials"].keys(), plan.trials.keys()
    if wanted >= planned:
        return False
    return narrowing.fixes or wanted < planned
