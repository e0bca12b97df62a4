"""Plasticity: how well a network learns its tasks, and whether later ones are learned less well.

Source: Kumar et al., "Maintaining plasticity in continual learning via regenerative
regularization", 2023 (online accuracy); the loss is of this project, so that the first task, which
starts from a fresh network, is not held against the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

WINDOW = 10  # tasks at either side of the loss
AGED = 1  # tasks before the first window, which start from a fresh network
EQUALLY_HARD = ("permuted", "shuffled_labels")  # kinds whose tasks can be compared with each other

Accuracies = Sequence[float | None]  # of each task that ended; None: unknown, or has none


@dataclass(frozen=True)
class TaskEnd:
    """How well a network did a task, measured once, at its end; fractions in [0, 1].

    Attributes:
        accuracy: on the task's test images; None where it has none.
        online_accuracy: mean over its steps of the accuracy on a batch just before the step that
            trains on it; None where it is not known.
    """

    accuracy: float | None
    online_accuracy: float | None


def summarise_tasks(kind: str, at_end: Accuracies, online: Accuracies) -> dict[str, Any]:
    """Return the columns of `trials` on the tasks that ended; without any, all are None.

    Args:
        kind: of the tasks, `data.task`.
        at_end: accuracies on the test images of each task, at its end.
        online: accuracies of each task before each step.
    """
    return {
        "mean_task_accuracy": average(at_end),
        "mean_online_accuracy": average(online),
        "plasticity_loss": measure_plasticity_loss(online) if kind in EQUALLY_HARD else None,
    }


def average(values: Accuracies) -> float | None:
    """Return the mean; None without values, and where one of them is not known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def measure_plasticity_loss(
    online: Accuracies, *, window: int = WINDOW, aged: int = AGED
) -> float | None:
    """Return the mean accuracy of the first tasks but `aged`, less that of the last ones.

    Of fewer than 2 * window + aged tasks, some are in both windows, and the loss is smaller.

    Args:
        online: accuracies of each task before each step, in their order.
        window: tasks on either side.
        aged: tasks that are left out at first.

    Returns:
        None where the two windows are the same tasks, or where a task of theirs is not known.
    """
    if len(online) <= window + aged:
        return None
    early, late = average(online[aged : aged + window]), average(online[-window:])
    return None if early is None or late is None else early - late
