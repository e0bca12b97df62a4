"""What the row of a trial must be like, so that the trial need not run again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nvp.config.dotted_names import list_dotted
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.storage.store import Storage
from nvp.trial.checkpoint import has_last_checkpoint
from nvp.trial.early_stopping import final_statuses
from nvp.trial.source_code.code_hash import hash_trial_code


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What the row of a trial must be like, so that the trial need not run again.

    Attributes:
        statuses: that end a trial.
        checkpoint: whether a trial that is done must have its last checkpoint.
        this_code: whether other code may not have computed it. A row whose code is unknown stays.
    """

    statuses: Sequence[str] = final_statuses(under_asha=False)
    checkpoint: bool = False
    this_code: bool = False

    def are_met(self, row: dict[str, Any] | None, storage: Storage, checkpoints: list[str]) -> bool:
        """Whether a trial need not run again.

        Args:
            row: of the trial; None when it has none.
            storage: the study's.
            checkpoints: the names of its checkpoints; not looked at unless one is required.
        """
        if row is None or row["status"] not in self.statuses:
            return False
        if self.this_code and is_of_other_code(row):
            return False
        if not self.checkpoint or row["status"] != "done":
            return True
        return has_last_checkpoint(storage, checkpoints, row["epochs"])


FINISHED_ROW = Requirements()


def is_of_other_code(row: dict[str, Any]) -> bool:
    """Whether a row is known to be of other code than this process has."""
    code = row.get("code")
    return code is not None and is_other(code, hash_row_code(row))


def is_other(code: str | None, own: str) -> bool:
    """Whether a code is known and another one than `own`."""
    return code is not None and code != own


def hash_row_code(row: dict[str, Any]) -> str:
    """Return the hash of the code here that would compute a row's trial.

    The names of a user's functions in it are looked up only where they are part of the row's name:
    a row that was written to name other ones is taken as of no code.
    """
    config = TrialConfig().with_overrides(json.loads(row.get("config") or "{}"))
    forged = bool(list_dotted(config)) and trial_id(config) != row["trial_id"]
    return "" if forged else hash_trial_code(config)
