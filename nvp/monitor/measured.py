"""What a loop measured by itself, checked: losses, accuracies, its step and its learning rate."""

import math
from collections.abc import Mapping
from typing import Any, TypedDict

from nvp.config.numbers import make_plain
from nvp.config.registry import suggest_nearest

LOSSES = ("train_loss", "val_loss", "test_loss")
ACCURACIES = ("train_accuracy", "val_accuracy", "test_accuracy")


class Measured(TypedDict, total=False):
    """What a loop may say at an observation; losses in nats, accuracies in [0, 1].

    Attributes:
        step: optimizer steps done.
        lr: learning rate of the next step.
        train_loss: mean over the epoch.
        train_accuracy: the same.
        val_loss: on validation data.
        val_accuracy: the same.
    """

    step: int | None
    lr: float | None
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


class MeasuredAtEnd(TypedDict, total=False):
    """What a loop may say at its end.

    Attributes:
        test_loss: on test data, in nats.
        test_accuracy: the same, in [0, 1].
    """

    test_loss: float | None
    test_accuracy: float | None


AT_OBSERVATION = tuple(Measured.__annotations__)
AT_END = tuple(MeasuredAtEnd.__annotations__)


def check_epoch(epoch: object) -> None:
    """Raise ValueError for an epoch that is no whole number >= 0."""
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0:
        raise ValueError(f"observe: expected epochs finished, a whole number >= 0, got {epoch!r}")


def check_measured(values: Mapping[str, Any], names: tuple[str, ...], call: str) -> dict[str, Any]:
    """Return the values as plain numbers, None for each of `names` that is not there.

    A loss may be infinite or not a number: the network has diverged.

    Args:
        values: {name: number}.
        names: that may be there.
        call: the name of the method, for the message.

    Raises:
        ValueError: another name, or a value that cannot be of it.
    """
    for name in values:
        if name not in names:
            raise ValueError(
                f"{call}: expected some of {', '.join(names)}, got {name!r}"
                f"{suggest_nearest(name, names)}"
            )
    return {name: read_number(name, values.get(name)) for name in names}


def read_number(name: str, value: Any) -> float | int | None:
    """Return a value as a plain number; a tensor of one element counts as its number."""
    number = value.item() if getattr(value, "size", None) and hasattr(value, "item") else value
    number = make_plain(number)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{name}: expected a number, got the {type(value).__name__} {value!r}")
    if name in ACCURACIES and not 0 <= number <= 1:
        raise ValueError(f"{name}: expected a fraction in [0, 1], got {number}")
    if name == "step":
        return int(number)
    if name not in LOSSES and not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {number}")
    return number


def find_not_finite(measured: Mapping[str, Any]) -> str:
    """Return the name of the first loss that is not finite; "" where all are."""
    for name in LOSSES:
        value = measured.get(name)
        if value is not None and not math.isfinite(value):
            return name
    return ""
