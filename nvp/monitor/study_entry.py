"""The trials and the starts of a monitored study in its study.json.

Nobody plans such a study: its plan is the trials that were begun. The keys that they differ in are
its axes, in the order in which they came, and their values the levels.
"""

import os
import sys
from typing import Any

from nvp.monitor.one_monitor import hold_study_file
from nvp.running.provenance import describe_start
from nvp.storage.json_object import write_object
from nvp.storage.store import Storage
from nvp.storage.studies import MONITOR
from nvp.storage.study_folder import check_owner, keep_damaged, read_study

Json = dict[str, Any]


def enter_study(storage: Storage, study: str, trial_id: str, config: Json, seed: int) -> None:
    """Write a trial, and this start, into study.json; other processes may do so at the same time.

    Raises:
        ValueError: the folder holds another study, or another process holds it for long.
    """
    entry = describe_start() | {"trial": trial_id, "pid": os.getpid()}
    with hold_study_file(storage):
        check_owner(storage, study, MONITOR)
        keep_damaged(storage)
        found = read_study(storage)
        trials = found.get("trials", {}) | {trial_id: config | {"seed": seed}}
        document = {
            "study": study,
            "preset": MONITOR,
            "search": MONITOR,
            **describe_plan(trials),
            "trials": trials,
            "parents": [],
            "argv": list(sys.argv),
            "one_off": [],
            "data": found.get("data", {}),
            "starts": [*found.get("starts", []), entry],
        }
        write_object(storage, "study.json", document)


def describe_plan(trials: dict[str, Json]) -> Json:
    """Return base, axes and seeds of the trials that were begun."""
    levels: dict[str, list[Any]] = {}
    for values in trials.values():
        for key, value in values.items():
            known = levels.setdefault(key, [])
            if value not in known:
                known.append(value)
    seeds = levels.pop("seed")
    # a key that some trials lack tells them from the others, whatever its values
    everywhere = {key for key in levels if all(key in values for values in trials.values())}
    base = {key: found[0] for key, found in levels.items() if len(found) == 1 and key in everywhere}
    return {
        "base": base,
        "space": {key: found for key, found in levels.items() if key not in base},
        "seeds": len(seeds),
    }
