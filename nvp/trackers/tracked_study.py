"""The study whose trials are exported: its rows, its plan, and the labels of its trials."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nvp.storage.plans import has_trial, list_plans, make_anew_command
from nvp.storage.store import Storage
from nvp.storage.studies import MONITOR, choose_pages_folder
from nvp.storage.study_folder import open_study, read_study

FORMAT = 1  # of runs: a new number replaces all that were exported
UNSEEN = ("manifest", "checkpoint_kept")  # columns that `nvp compact` and forks may change


@dataclass(frozen=True)
class TrackedStudy:
    """One preset of a study, in the storage at `place`; study.json is read once."""

    place: str
    name: str
    preset: str

    @cached_property
    def storage(self) -> Storage:
        """Return where its tables are."""
        return open_study(self.place, self.name, self.preset)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Return study.json; {} where there is none."""
        return read_study(self.storage)

    @property
    def folder(self) -> Path:
        """Return where files for local tools go: beside the tables, if these are local."""
        return choose_pages_folder(self.place, self.name, self.preset)

    @property
    def swept(self) -> tuple[str, ...]:
        """Return the keys that tell its trials apart, the seed last."""
        return (*(key for key in self.document.get("space", {}) if key != "seed"), "seed")

    def is_planned(self, trial: str) -> bool:
        """Whether a plan of the study has a trial; without a plan, all are its own."""
        plans = [plan for plan in list_plans(self.document) if plan.get("trials")]
        return not plans or any(has_trial(plan, trial) for plan in plans)

    def make_command(self, trial: str, parameters: Mapping[str, Any]) -> str:
        """Return the command that runs a trial alone, in another storage; "" without one."""
        if self.document.get("search") == MONITOR:
            return ""
        return make_anew_command(self.storage, self.document, trial, parameters)

    def find_commit(self, ended: float) -> str:
        """Return the commit of the last start before a trial ended, marked where it was dirty."""
        starts = [start for start in self.document.get("starts", []) if start.get("commit")]
        before = [start for start in starts if read_seconds(start.get("time")) <= ended]
        if not before:
            return ""
        return f"{before[-1]['commit']}{' (dirty)' if before[-1].get('dirty') else ''}"


def read_seconds(text: Any) -> float:
    """Return the Unix time of a start's time; 0 where it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return 0.0


def make_fingerprint(row: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that differ where a trial's row does."""
    seen = {name: value for name, value in row.items() if name not in UNSEEN}
    text = json.dumps([FORMAT, seen], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
