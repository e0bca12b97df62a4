"""What the levels of a key look like: the same in all figures of a study."""

from collections.abc import Sequence
from typing import Any

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.chosen_trials import order_levels
from nvp.question.question import METHOD

Looks = dict[Any, dict[str, Any]]


def choose_looks(frames: StudyFrames, key: str, levels: Sequence[Any]) -> Looks:
    """Return colour, marker and dash of some levels of a key.

    They depend on the study alone, not on which of its levels a figure shows: names of two keys
    share no colour as long as there are enough, and the numbers of each key have their own ramp.
    """
    every = order_levels(frames, key, frames.trials) if key in frames.trials else []
    every += [level for level in levels if level not in every]
    place = {"ramp": rank_ramp(frames, key), "first": count_names_before(frames, key)}
    fixed = style.METHODS if key == METHOD else {}
    looks = style.assign_looks(every, fixed=fixed, **place)
    return {level: looks[level] for level in levels}


def rank_ramp(frames: StudyFrames, key: str) -> int:
    """Return how many swept keys with numbers stand before a key."""
    numbers = [one for one in list_swept(frames) if not has_names(frames, one)]
    return numbers.index(key) if key in numbers else len(numbers)


def count_names_before(frames: StudyFrames, key: str) -> int:
    """Return how many names with colours of their own the swept keys before a key have."""
    swept = list_swept(frames)
    before = swept[: swept.index(key)] if key in swept else swept
    named = [one for one in before if has_names(frames, one)]
    return sum(
        len(set(frames.levels(one)) - set(style.METHODS if one == METHOD else ())) for one in named
    )


def list_swept(frames: StudyFrames) -> list[str]:
    """Return the swept keys but the seed, the method first."""
    swept = [key for key in frames.swept if key != "seed" and key in frames.trials]
    return sorted(swept, key=lambda key: key != METHOD)


def has_names(frames: StudyFrames, key: str) -> bool:
    """Whether a key has a level that is a name."""
    return any(isinstance(level, str) for level in frames.levels(key))
