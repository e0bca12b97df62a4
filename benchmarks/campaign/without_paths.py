"""A study.json for another machine or a repository: without the paths of this one."""

from pathlib import Path
from typing import Any

KEPT_PARTS = 2  # of a path: studies/depth.py, evidence/tables


def leave_out_paths(study: dict[str, Any]) -> dict[str, Any]:
    """Return a study.json whose commands name files by the ends of their paths, and no folders.

    The folders are those in which its starts found the user's modules, here alone.
    """
    starts = [
        start | {"argv": shorten_words(start.get("argv", [])), "folders": []}
        for start in study.get("starts", [])
    ]
    return study | {"argv": shorten_words(study.get("argv", [])), "starts": starts}


def shorten_words(words: list[str]) -> list[str]:
    """Return the words of a command, each absolute path by its last parts, also behind a "="."""
    parts = [word.rpartition("=") for word in words]
    return [f"{flag}{sign}{shorten_path(value)}" for flag, sign, value in parts]


def shorten_path(text: str) -> str:
    """Return the last parts of an absolute path; any other text as it is."""
    path = Path(text)
    return "/".join(path.parts[-KEPT_PARTS:]).lstrip("/") if path.is_absolute() else text
