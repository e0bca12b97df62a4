"""The trials and the starts of a monitored study in its study.json.

Nobody plans such a study: its plan is the trials that were begun. The keys that they differ in are
its axes, in the order in which they came, and their values the levels.
"""

import os
import sys
from dataclasses import dataclass
from typing import Any

from nvp.monitor.one_monitor import hold_study_file
from nvp.question.check import check_keys, check_parts
from nvp.question.question import METHOD, Question
from nvp.question.stored_question import question_to_json
from nvp.running.provenance import describe_start
from nvp.storage.json_object import write_object
from nvp.storage.store import Storage
from nvp.storage.studies import MONITOR
from nvp.storage.study_folder import check_owner, keep_damaged, read_study

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A trial that was begun, as study.json is to have it.

    Attributes:
        study: its study.
        trial_id: its name.
        config: {key: plain value}, with the seed.
        question: of the study; None leaves the one that is there.
    """

    study: str
    trial_id: str
    config: Json
    question: Question | None = None


def check_asked(question: Question | None, storage: Storage, config: Json) -> None:
    """Raise ValueError where a question names what neither this trial nor an earlier one has.

    Its levels are not checked: nobody knows which trials are still to come.
    """
    if question is None:
        return
    check_parts(question)
    trials = read_study(storage).get("trials", {}).values()
    known = dict.fromkeys(key for values in (config, *trials) for key in values)
    check_keys(question, [*known, METHOD], "keys of config (which every trial may have)")


def enter_study(storage: Storage, begun: Begun) -> None:
    """Write a trial, and this start, into study.json; other processes may do so at the same time.

    The newest question is the study's.

    Raises:
        ValueError: the folder holds another study, or another process holds it for long.
    """
    study, trial_id = begun.study, begun.trial_id
    entry = describe_start() | {"trial": trial_id, "pid": os.getpid()}
    with hold_study_file(storage):
        check_owner(storage, study, MONITOR)
        keep_damaged(storage)
        found = read_study(storage)
        trials = found.get("trials", {}) | {trial_id: begun.config}
        question = found.get("question", {})
        if begun.question is not None:
            question = question_to_json(begun.question)
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
            **({"question": question} if question else {}),
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
