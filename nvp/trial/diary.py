"""The diary of a trial: the few values beside its state that it has to remember when continued."""

import time
from dataclasses import dataclass, field
from typing import Any

from nvp.training.life_counts import count_changes
from nvp.training.plasticity import summarise_tasks
from nvp.training.record import EpochRecord


@dataclass
class Diary:
    """Plain values that are saved with each checkpoint; changed in place.

    Attributes:
        started: when the first attempt started, seconds since 1970.
        seconds: spent so far, over all attempts.
        pruned_once: whether the method has pruned something yet.
        best_val_accuracy: over all measuring points; None where it was never measured.
        born_dead: neurons that were dead at epoch 0; None where that was not measured.
        task_accuracies: on the test images of each task that ended, at its end; None: unknown.
        online_accuracies: of each task that ended, before each step; None: unknown.
        rung: epoch of the last rung that ASHA let the trial past; 0 = none.
        code: hash of the code that computed the trial so far; None: unknown, or several.
        weights: SHA-256 of the file that it started from; None: from none, or unknown.
        last: columns of `trials` of the last measuring point.
    """

    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    pruned_once: bool = False
    best_val_accuracy: float | None = None
    born_dead: int | None = None
    task_accuracies: list[float | None] = field(default_factory=list)
    online_accuracies: list[float | None] = field(default_factory=list)
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
        if record.epoch == 0:
            counts = [count_changes(layer, 0) for layer in record.layers.values()]
            self.born_dead = sum(count.get("born_dead", 0) for count in counts)
        if record.task is not None and record.task_end:
            note_at(self.task_accuracies, record.task, record.task_end.accuracy)
            note_at(self.online_accuracies, record.task, record.task_end.online_accuracy)
        self.last = {
            "epochs": record.epoch,
            "steps": record.step,
            "val_loss": record.val_loss,
            "val_accuracy": record.val_accuracy,
            "best_val_accuracy": self.best_val_accuracy,
            "born_dead": self.born_dead,
        }

    def describe_tasks(self, kind: str) -> dict[str, Any]:
        """Return the columns of `trials` on the tasks that ended, of a kind of tasks."""
        return summarise_tasks(kind, self.task_accuracies, self.online_accuracies)


def note_at(values: list[float | None], place: int, value: float | None) -> None:
    """Put a value at a place at the end of a list; what the list lacks before is None.

    A checkpoint of older code knows nothing of the tasks before it.
    """
    values += [None] * (place - len(values)) + [value]
