"""The plans in study.json: the study's, which the analysis shows, and one-off ones beside it.

A one-off plan is that of a start whose flags took a part of the study. Each plan has the arguments
of the start that made it (`argv`), so that one can say how to run a trial of it again.
"""

import shlex
from collections.abc import Iterator
from typing import Any

from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

GIVEN_ANEW = ("--only", "--preset", "--storage", "--keep-checkpoints", "--redo-changed")


def list_plans(study: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the plans of study.json, the study's own first."""
    yield study
    yield from study.get("one_off", [])


def find_plans(study: dict[str, Any], trial: str) -> list[dict[str, Any]]:
    """Return the plans that have a trial, also as a parent; the study's where none has it."""
    found = [
        plan
        for plan in list_plans(study)
        if trial in plan.get("trials", {}) or trial in plan.get("parents", [])
    ]
    return found or [study]


def make_keeping_command(storage: Storage, trial: str) -> str:
    """Return the command that runs a trial again and keeps its checkpoint, for a message.

    Args:
        storage: of the preset of a study.
        trial: its id.
    """
    study = read_study(storage)
    plan = find_plans(study, trial)[0]
    root, name, preset = ["", "", *storage.root.rsplit("/", 2)][-3:]
    starts = study.get("starts") or [{}]
    argv = plan.get("argv") or starts[-1].get("argv") or [f"studies/{name}.py"]
    place = Storage(storage.filesystem, root, storage.scheme, storage.query).place
    where = ["--preset", preset, "--storage", place]
    return shlex.join(["python", *drop_flags(argv), *where, "--only", trial, "--keep-checkpoints"])


def explain_missing_checkpoint(storage: Storage, trial: str) -> str:
    """Return the error for a trial without a checkpoint, with the command that makes one."""
    return (
        f"--trial: expected a trial with a checkpoint, got {trial}, which has none; this runs it "
        f"for one: {make_keeping_command(storage, trial)}"
    )


def drop_flags(argv: list[str]) -> list[str]:
    """Return arguments without those that a command gives anew."""
    kept: list[str] = []
    value_follows = False
    for argument in argv:
        flag, equals, _ = argument.partition("=")
        if flag in GIVEN_ANEW:
            value_follows = not equals and flag in GIVEN_ANEW[:3]
        elif value_follows:
            value_follows = False
        else:
            kept.append(argument)
    return kept
