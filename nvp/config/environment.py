"""The environment variables of nvp: read in one place, and refused by the driver when wrong."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Number:
    """A number that the environment may give.

    Attributes:
        default: where the environment gives none.
        least: the smallest value.
        open: whether `least` itself is too small.
    """

    default: float
    least: float
    open: bool = False

    def describe(self) -> str:
        """Return what is expected, in words."""
        return f"a number of seconds {'>' if self.open else '>='} {self.least:g}"


NUMBERS = {
    "NVP_CHECKPOINT_SECONDS": Number(20.0, 0.0),
    "NVP_SILENT_SECONDS": Number(300.0, 0.0, open=True),
    "NVP_LEASE_SECONDS": Number(60.0, 1.0),
}
CHOICES = {"NVP_CUDA_GRAPH": ("0", "1"), "NVP_DEVICE": ("cpu", "cuda")}
KNOWN = (*NUMBERS, *CHOICES, "NVP_STORAGE", "NVP_DATA")
SIMILAR = 0.8  # how alike two names are of which one is taken for a typing error of the other


def read_number(name: str) -> float:
    """Return the number that the environment gives, else its default.

    Raises:
        ValueError: no number, or one out of range; one line.
    """
    number = NUMBERS[name]
    text = os.environ.get(name)
    if text is None:
        return number.default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < number.least or (number.open and value == number.least):
        raise ValueError(
            f"{name}: expected {number.describe()}, got {text!r} (without it: {number.default:g})"
        )
    return value


def read_choice(name: str) -> str | None:
    """Return the word that the environment gives; None when it gives none, or an empty one.

    Raises:
        ValueError: another word than is known.
    """
    text = os.environ.get(name)
    if text and text not in CHOICES[name]:
        raise ValueError(f"{name}: expected {' or '.join(CHOICES[name])}, got {text!r}")
    return text or None


def check_environment() -> None:
    """Raise ValueError for a value that would be refused later, when trials run."""
    for name in NUMBERS:
        read_number(name)
    for name in CHOICES:
        read_choice(name)


def hint_unknown(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each name that looks like one of ours and is none."""
    unknown = sorted(name for name in environment if name.startswith("NVP_") and name not in KNOWN)
    near = {name: get_close_matches(name, KNOWN, n=1, cutoff=SIMILAR) for name in unknown}
    return [
        f"{name} is set, and no variable of nvp: is {found[0]} meant?"
        for name, found in near.items()
        if found
    ]
