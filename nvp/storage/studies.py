"""What a storage place holds: its studies, their presets, and which preset to read."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nvp.config.registry import nearest
from nvp.storage.reader import open_study, read_study
from nvp.storage.store import Storage

MARKS = ("study.json", "trials")
PRESETS = ("quick", "paper")


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments by which every verb is told which study: STUDY, --preset, --storage."""
    add = parser.add_argument
    add("study", metavar="STUDY", help="its name")
    add(
        "--preset",
        choices=("auto", *PRESETS),
        default="auto",
        help="auto (default): the one that was run, the last one when both were",
    )
    add(
        "--storage",
        default=os.environ.get("NVP_STORAGE", "results"),
        metavar="PATH",
        help="where the tables are (default: NVP_STORAGE, else results)",
    )


def find_study(place: str, study: str, preset: str) -> tuple[Storage, str]:
    """Return the storage of a study that was started, and its preset.

    Raises:
        ValueError: it is not there; says what is.
    """
    preset, _ = choose_preset(place, study, preset)
    storage = open_study(place, study, preset)
    if not storage.exists("study.json"):
        raise ValueError(not_there(place, study, preset))
    return storage, preset


def studies_at(place: str) -> dict[str, list[str]]:
    """Return {study: presets} of a place; empty when nothing was run there."""
    storage = open_study(place, "", "")
    if storage.local:
        # two levels only: the place may be a folder with much else in it
        found = [path for mark in MARKS for path in Path(storage.root).glob(f"*/*/{mark}")]
        pairs = {path.parts[-3:-1] for path in found}
    else:
        names = [name.split("/") for name in storage.files()]
        pairs = {tuple(parts[:2]) for parts in names if len(parts) > 2 and parts[2] in MARKS}
    studies: dict[str, list[str]] = {}
    for study, preset in sorted(pairs):
        studies.setdefault(study, []).append(preset)
    return studies


def choose_preset(place: str, study: str, asked: str) -> tuple[str, str]:
    """Return the preset to read and why: what was asked, or the one that was started last.

    Raises:
        ValueError: `auto`, and the place holds no preset of the study.
    """
    if asked != "auto":
        return asked, "as asked"
    presets = studies_at(place).get(study, [])
    if not presets:
        raise ValueError(not_there(place, study, "quick"))
    if len(presets) == 1:
        return presets[0], "the only one there"
    newest = max(presets, key=lambda preset: started(read_study(open_study(place, study, preset))))
    return newest, f"started last of {', '.join(presets)}"


def started(study: dict[str, Any]) -> datetime:
    """Return when a study was last started; the year 1 when its study.json does not say."""
    starts = study.get("starts") or [{}]
    try:
        return datetime.fromisoformat(starts[-1]["time"])
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def not_there(place: str, study: str, preset: str) -> str:
    """Return the error for a study that is not there: where, what is there, what to run."""
    there = studies_at(place)
    names = ", ".join(f"{name} ({', '.join(presets)})" for name, presets in there.items())
    return (
        f"expected tables of the study {study!r}, preset {preset}, in "
        f"{open_study(place, study, preset).root}; the place holds {names or 'no study'}"
        f"{nearest(study, [name for name in there if name != study])}; "
        f"to run it: python studies/{study}.py --preset {preset} --storage {place}"
    )
