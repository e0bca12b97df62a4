"""The levels at which two studies can be compared, key by key. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.frames.derive import sort_levels
from nvp.analysis.frames.load import StudyFrames

DIGITS = 12  # of a number: 0.1 + 0.2 and 0.3 are one level


@dataclass(frozen=True)
class KeyLevels:
    """A key that at least one of two studies sweeps, and its levels in both.

    Attributes:
        key: the key.
        first: levels of the trials of the first study that are done.
        second: the same of the second one.
    """

    key: str
    first: list[Any]
    second: list[Any]

    @property
    def common(self) -> list[Any]:
        """Levels that both have."""
        return [level for level in self.first if level in self.second]

    def describe(self) -> str:
        """Return at which levels the two are compared; "" where they have the same ones."""
        if self.first == self.second:
            return ""
        sides = [
            f"{name} has {', '.join(style.value_text(level, self.key) for level in levels)}"
            for name, levels in (("A", self.first), ("B", self.second))
        ]
        at = ", ".join(style.value_text(level, self.key) for level in self.common)
        return f"{self.key}: compared at {at} alone ({'; '.join(sides)})"


def find_common_levels(
    first: StudyFrames, second: StudyFrames, *, pair_seeds: bool = True
) -> list[KeyLevels]:
    """Return the keys that either study sweeps, with their levels; the seed is the last one.

    A key that one study sweeps and the other holds fixed has one level there: trials are compared
    at that level, and never averaged over the others.

    Args:
        first: a study.
        second: the other one.
        pair_seeds: whether they must have a seed in common, too.

    Raises:
        ValueError: a key has no level in common, or one of them does not know it.
    """
    keys = [key for key in dict.fromkeys([*first.swept, *second.swept]) if key != "seed"]
    found = []
    for key in [*keys, *(["seed"] if pair_seeds else [])]:
        for name, frames in (("A", first), ("B", second)):
            if key not in frames.trials:
                raise ValueError(f"compare: expected {key} in both studies, got none in {name}")
        levels = KeyLevels(key, *(list_levels(frames, key) for frames in (first, second)))
        if not levels.common:
            texts = [
                ", ".join(style.value_text(level, key) for level in side) or "no finished trial"
                for side in (levels.first, levels.second)
            ]
            raise ValueError(
                f"compare: expected trials that agree in {key}, got {texts[0]} in A and "
                f"{texts[1]} in B"
            )
        found.append(levels)
    return found


def list_levels(frames: StudyFrames, key: str) -> list[Any]:
    """Return the levels of a key that trials which are done have, sorted."""
    done = frames.trials[frames.trials["status"] == "done"]
    return sort_levels(round_levels(done[key].dropna()))


def round_levels(values: pd.Series) -> pd.Series:
    """Return the values of a key with fractions to DIGITS digits, so that they can be matched."""
    if not pd.api.types.is_float_dtype(values):
        return values
    return values.map(lambda value: float(f"{value:.{DIGITS}g}"))


def select_common(frames: StudyFrames, levels: Sequence[KeyLevels]) -> pd.DataFrame:
    """Return the trials that are done at levels that both studies have, these rounded."""
    rows = frames.trials[frames.trials["status"] == "done"]
    for one in levels:
        rows = rows.assign(**{one.key: round_levels(rows[one.key])})
        rows = rows[rows[one.key].isin(one.common)]
    return rows
