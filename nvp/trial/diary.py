"""The diary of a trial: the few values beside its state that it has to remember when continued."""

import time
from dataclasses import dataclass, field
from typing import Any

from nvp.training.record import EpochRecord


@dataclass
class Diary:
    """Plain values that are saved with each checkpoint; changed in place.

    Attributes:
        started: when the first attempt started, seconds since 1970.
        seconds: spent so far, over all attempts.
        pruned_once: whether the method has pruned something yet.
        best_val_accuracy: over all measuring points; None where it was never measured.
        rung: epoch of the last rung that ASHA let the trial past; 0 = none.
        code: hash of the code that computed the trial so far; None: unknown, or several.
        weights: SHA-256 of the file that it started from; None: from none, or unknown.
        last: columns of `trials` of the last measuring point.
    """

    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    pruned_once: bool = False
    best_val_accuracy: float | None = None
    rung: int = 0
    code: str | None = None
    weights: str | None = None
    last: dict[str, Any] = field(default_factory=dict)

    def note_code(self, code: str) -> None:
        """Take in the code that the trial goes on with; another one than so far makes it None."""
        self.code = code if self.code == code else None

    def note_results(self, record: EpochRecord) -> None:
        """Remember the results of a measuring point, for the row of `trials`."""
        if record.val_accuracy is not None:
            self.best_val_accuracy = max(self.best_val_accuracy or 0.0, record.val_accuracy)
        self.last = {
            "epochs": record.epoch,
            "steps": record.step,
            "val_loss": record.val_loss,
            "val_accuracy": record.val_accuracy,
            "best_val_accuracy": self.best_val_accuracy,
        }
