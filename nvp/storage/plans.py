"""The plans in study.json: the study's, which the analysis shows, and one-off ones beside it.

A one-off plan is that of a start whose flags took a part of the study. Each plan has the arguments
of the start that made it (`argv`), so that one can say how to run a trial of it again.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

CALL = "nvp.run"  # in place of a script: the arguments are flags that say the same as a call of it
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
    return format_start_command([*drop_flags(argv), *where, "--only", trial, "--keep-checkpoints"])


def format_start_command(argv: list[str]) -> str:
    """Return the arguments of a start as a command, or as the call of `nvp.run` that they were."""
    if argv[:1] != [CALL]:
        return shlex.join(["python", *argv])
    settings: dict[str, Any] = {}
    given: dict[str, Any] = {}
    name = ""
    for word in split_flags(argv[1:]):
        if word.startswith("--"):
            name = word.removeprefix("--").replace("-", "_")
            given |= {} if name == "set" else {name: True}
        elif name == "set":
            path, _, text = word.partition("=")
            settings[path] = read_word(text)
        else:
            given[name] = read_word(word)
    given |= {"settings": settings} if settings else {}
    shown = [f"{name}={value!r}" for name, value in given.items()]
    return f"{CALL}({', '.join(['STUDY', *shown])})"


def split_flags(argv: list[str]) -> list[str]:
    """Return arguments in which each --flag=value is two, as if a space stood between them."""
    parts = [word.split("=", 1) if word.startswith("--") else [word] for word in argv]
    return [word for part in parts for word in part]


def read_word(text: str) -> Any:
    """Return the number or the list that a flag has, else its text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


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
