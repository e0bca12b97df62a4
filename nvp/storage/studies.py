"""The studies in a storage, their presets, and the arguments that name one of them."""

import argparse
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

from nvp.config.command_parser import one_of
from nvp.config.registry import suggest_nearest
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study

MARKS = ("study.json", "trials")
PRESETS = ("quick", "laptop", "paper")
MONITOR = "monitor"  # of trials whose loop is not ours: their folder, and `search` in study.json


def default_place() -> str:
    """Return where studies are stored unless told otherwise: NVP_STORAGE, else `results`."""
    return os.environ.get("NVP_STORAGE", "results")


def add_study_arguments(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the arguments that name a study: STUDY, --preset, --storage; the same for every verb."""
    count = "?" if optional else None
    parser.add_argument("study", nargs=count, metavar="STUDY", help="its name, e.g. sgd_noise")
    parser.add_argument(
        "--preset",
        **one_of("auto", *PRESETS, MONITOR),
        default="auto",
        help="auto (default): the one that was run; of several, the one started last",
    )
    add_storage_argument(parser, "where the tables are")


def add_storage_argument(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add --storage, whose default is the environment's NVP_STORAGE, else `results`."""
    parser.add_argument(
        "--storage",
        default=default_place(),
        metavar="PATH",
        help=f"{meaning} (default: NVP_STORAGE, else results)",
    )


def find_study(place: str, study: str, preset: str) -> tuple[Storage, str]:
    """Return the storage of a study that was started, and its preset.

    Args:
        place: path or URI that holds studies.
        study: its name.
        preset: its preset; "auto" = as `choose_preset` says.

    Raises:
        ValueError: the study is not there; the message says which are.
    """
    preset, _ = choose_preset(place, study, preset)
    storage = open_study(place, study, preset)
    if not storage.exists("study.json"):
        raise ValueError(describe_missing(place, study, preset))
    return storage, preset


def list_studies(place: str) -> dict[str, list[str]]:
    """Return {study: its presets} in a storage; empty when nothing was run there."""
    storage = open_study(place, "", "")
    if storage.local:
        # Only two levels are listed: the folder may hold much else.
        found = [path for mark in MARKS for path in Path(storage.root).glob(f"*/*/{mark}")]
        pairs = {path.parts[-3:-1] for path in found}
    else:
        names = [name.split("/") for name in storage.files()]
        pairs = {tuple(parts[:2]) for parts in names if len(parts) > 2 and parts[2] in MARKS}
    studies: dict[str, list[str]] = {}
    for study, preset in sorted(pairs):
        studies.setdefault(study, []).append(preset)
    return studies


def choose_preset(place: str, study: str, preset: str) -> tuple[str, str]:
    """Return the preset to read and why; of `auto`, the one that was started last.

    Raises:
        ValueError: `auto`, and the place holds no preset of the study.
    """
    if preset != "auto":
        return preset, "as asked"
    presets = list_studies(place).get(study, [])
    if not presets:
        raise ValueError(describe_missing(place, study, "quick"))
    if len(presets) == 1:
        return presets[0], "the only one there"
    newest = max(presets, key=lambda name: read_start_time(open_study(place, study, name)))
    return newest, f"started last of {', '.join(presets)}"


def choose_pages_folder(place: str, study: str, preset: str) -> Path:
    """Return where pages and figures go: beside the tables; below `results` if those are remote."""
    return Path("results" if "://" in place else place) / study / preset


def read_start_time(storage: Storage) -> datetime:
    """Return when a study was last started; the year 1 when its study.json does not say."""
    starts = read_study(storage).get("starts") or [{}]
    try:
        found = datetime.fromisoformat(starts[-1]["time"])
    except (KeyError, IndexError, TypeError, ValueError):  # its values may be of any type
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def describe_missing(place: str, study: str, preset: str) -> str:
    """Return the error for a study that is not there: where, which are there, how to run it."""
    there = list_studies(place)
    names = ", ".join(f"{name} ({', '.join(presets)})" for name, presets in there.items())
    return (
        f"expected tables of the study {study!r}, preset {preset}, in "
        f"{open_study(place, study, preset).root}; the place holds {names or 'no study'}"
        f"{suggest_nearest(study, [name for name in there if name != study])}; "
        f"to run it: {format_start(place, study, preset)}"
    )


def find_script(place: str, study: str) -> str:
    """Return a script that started a study, at any preset; "" where nothing says it."""
    for preset in list_studies(place).get(study, []):
        starts = read_study(open_study(place, study, preset)).get("starts") or [{}]
        argv = starts[-1].get("argv") or [""]
        if str(argv[0]).endswith(".py"):
            return str(argv[0])
    return ""


def format_start(place: str, study: str, preset: str) -> str:
    """Return the command that runs a study, as a shell takes it; of a monitored one, in words."""
    if preset == MONITOR:
        return "run the script that makes its nvp.Monitor"
    script = find_script(place, study) or f"studies/{study}.py"
    return shlex.join(["python", script, "--preset", preset, "--storage", place])
