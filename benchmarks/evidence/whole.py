"""Whether tables are evidence: all trials of the plan finished, and one code made those alike."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from nvp.config.dotted_names import is_dotted
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study
from nvp.storage.writer import FINISHED


def find_fault(folder: Path) -> str:
    """Return why the tables of a study's preset are no evidence, in a few words; "" when they are.

    Args:
        folder: of the preset, with study.json.
    """
    storage = Storage.at(str(folder))
    planned, rows = read_study(storage).get("trials", {}), read_index(storage).rows
    if not planned:
        return "no study was started there"
    finished = [rows[name] for name in planned if name in rows and rows[name]["status"] in FINISHED]
    if len(finished) < len(planned):
        return f"{len(planned) - len(finished)} of {len(planned)} trials are missing"
    codes: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in finished:
        codes[name_own_parts(row)].add(row.get("code") or "unknown")
    for own in codes.values():
        if len(own) > 1:
            return "trials are of several codes: " + ", ".join(sorted(own))
    return ""


def name_own_parts(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the dotted names in a trial's configuration; their modules are part of its code."""
    values = json.loads(row["config"]).values()
    return tuple(sorted(one for one in values if isinstance(one, str) and is_dotted(one)))
