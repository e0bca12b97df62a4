"""The plans in study.json: the study's, which the analysis shows, and one-off ones beside it.

A one-off plan is that of a start whose flags took a part of the study. Each plan has the arguments
of the start that made it (`argv`), so that one can say how to run a trial of it again.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

CALL = "nvp.run"  # in place of a script: the arguments are flags that say the same as a call of it
SWITCHES = ("--keep-checkpoints", "--redo-changed")
GIVEN_ANEW = ("--only", "--preset", "--storage", "--track", *SWITCHES)
OF_SEARCHES = ("--search", "--num-trials", "--scheduler", "--seeds")
ELSEWHERE = "again"  # the storage of the command that runs a trial anew


def list_plans(study: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the plans of study.json, the study's own first."""
    yield study
    yield from study.get("one_off", [])


def list_started_folders(study: dict[str, Any]) -> tuple[str, ...]:
    """Return the folders in which the starts of a study found the user's modules, newest first.

    So `nvp export` and `nvp overlap`, which believe the tables that they are given, find them when
    they are run in another folder. Those that are gone are left out.
    """
    found = [
        folder
        for start in reversed(study.get("starts", []))
        for folder in start.get("folders") or ()
        if isinstance(folder, str) and Path(folder).is_dir()
    ]
    return tuple(dict.fromkeys(found))


def find_plans(study: dict[str, Any], trial: str) -> list[dict[str, Any]]:
    """Return the plans that have a trial, also as a parent; the study's where none has it."""
    return [plan for plan in list_plans(study) if has_trial(plan, trial)] or [study]


def has_trial(plan: dict[str, Any], trial: str) -> bool:
    """Whether a plan has a trial, also as a parent."""
    return trial in plan.get("trials", {}) or trial in plan.get("parents", [])


def make_keeping_command(storage: Storage, trial: str) -> str:
    """Return the command that runs a trial again and keeps its checkpoint, for a message.

    Args:
        storage: of the preset of a study.
        trial: its id.
    """
    study = read_study(storage)
    arguments = list_arguments(storage, study, find_plans(study, trial)[0], GIVEN_ANEW)
    return format_start_command([*arguments, "--only", trial, "--keep-checkpoints"])


def make_anew_command(
    storage: Storage, study: dict[str, Any], trial: str, settings: Mapping[str, Any]
) -> str:
    """Return the command that runs one trial alone, in another storage than its own.

    In its own storage the trial is done, and nothing would run. Of a search the command has the
    trial's settings, since a search in an empty storage has asked for nothing yet.

    Args:
        storage: of the preset of a study.
        study: study.json.
        trial: its id.
        settings: {path: value} of the trial; those that the study varies are read.

    Returns:
        the command; "" where no plan in study.json has the trial.
    """
    plan = find_plans(study, trial)[0]
    if not has_trial(plan, trial):
        return ""
    is_search = plan.get("search", "grid") != "grid"
    dropped = (*GIVEN_ANEW, *OF_SEARCHES) if is_search else GIVEN_ANEW
    *arguments, _ = list_arguments(storage, study, plan, dropped)
    arguments = [*arguments, ELSEWHERE, "--only", trial]
    if is_search:
        arguments += ["--seeds", str(int(settings.get("seed", 0)) + 1)]
        given = [key for key in study.get("space", {}) if key in settings and key != "seed"]
        arguments += set_all({key: settings[key] for key in given})
    return format_start_command(arguments)


def make_setting_command(
    storage: Storage, study: dict[str, Any], settings: Mapping[str, Any], *flags: str
) -> str:
    """Return the command that runs one configuration of a search, for every seed.

    Args:
        storage: of the preset of a study.
        study: study.json, whose own plan is the search.
        settings: {path: value} of the configuration.
        flags: more of them, such as --seeds and its number.
    """
    arguments = list_arguments(storage, study, study, (*GIVEN_ANEW, *OF_SEARCHES))
    return format_start_command([*arguments, *set_all(settings), *flags])


def set_all(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as flags."""
    given = [f"{path}={write_setting(value)}" for path, value in settings.items()]
    return [word for setting in given for word in ("--set", setting)]


def write_setting(value: Any) -> str:
    """Return a value as `--set` takes it."""
    if isinstance(value, list | tuple):
        return f"[{','.join(map(write_setting, value))}]"
    return json.dumps(value) if isinstance(value, bool) else str(value)


def list_arguments(
    storage: Storage, study: dict[str, Any], plan: dict[str, Any], dropped: Sequence[str]
) -> list[str]:
    """Return the arguments of the start that made a plan, without some flags, at its place."""
    root, name, preset = ["", "", *storage.root.rsplit("/", 2)][-3:]
    starts = study.get("starts") or [{}]
    argv = plan.get("argv") or starts[-1].get("argv") or [f"studies/{name}.py"]
    place = Storage(storage.filesystem, root, storage.scheme, storage.query).place
    return [*drop_flags(argv, dropped), "--preset", preset, "--storage", place]


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
    """Return the error for a trial without a checkpoint, with the command that makes one.

    study.json has no trials of earlier plans, so of these the start that made one is not known.
    """
    why = f"--trial: expected a trial with a checkpoint, got {trial}, which has none"
    if not has_trial(find_plans(read_study(storage), trial)[0], trial):
        return (
            f"{why}, and is of an earlier plan: the start that made it runs it for one, with "
            f"--only {trial} --keep-checkpoints (study.json has the arguments of each start)"
        )
    return f"{why}; this runs it for one: {make_keeping_command(storage, trial)}"


def drop_flags(argv: list[str], dropped: Sequence[str]) -> list[str]:
    """Return arguments without some flags and their values."""
    kept: list[str] = []
    value_follows = False
    for argument in argv:
        flag, equals, _ = argument.partition("=")
        if flag in dropped:
            value_follows = not equals and flag not in SWITCHES
        elif value_follows:
            value_follows = False
        else:
            kept.append(argument)
    return kept
