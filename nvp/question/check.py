"""The check of a question on the driver: each key, column, figure and level that it names is there.

So a typo that would leave a question without an answer is refused before hours of training.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nvp.config.dotted_names import find_named
from nvp.config.dotted_paths import flatten_config
from nvp.config.numbers import make_canonical
from nvp.config.registry import suggest_nearest, suggest_path
from nvp.config.space import Axis, Grid
from nvp.config.trial_config import TrialConfig
from nvp.question.figures import FIGURES
from nvp.question.own_figure import adapt_figure
from nvp.question.question import DEATH, Contrast, End, Margin, Question, list_keys
from nvp.question.stored_question import level_to_json
from nvp.storage.schema import NUMBERS

Preset = tuple[TrialConfig, Mapping[str, Axis]]
# keys that the analysis makes of others (`nvp.analysis.frames.load`)
MADE: dict[str, tuple[str, ...] | None] = {
    "length": ("fixed epochs", "fixed steps"),
    "penalty": None,
    "strength": None,
}


def check_question(question: Question, presets: Sequence[Preset]) -> None:
    """Raise ValueError when a question names what its study does not have.

    Args:
        question: of the study.
        presets: base and axes of each preset; what one of them has is there.
    """
    check_parts(question)
    known = [path for base, _ in presets for path in flatten_config(base)]
    known += [path for _, space in presets for path in space]
    check_keys(question, known, "the path of a setting as key, e.g. optim.lr")
    for contrast in question.contrasts:
        check_contrast(contrast, presets)


def check_parts(question: Question) -> None:
    """Raise ValueError for what is wrong with a question in whatever study."""
    check_types(question)
    for name in question.figures:
        find_named("question: figures", name, FIGURES, adapt_figure)
    for contrast in question.contrasts:
        check_compared(contrast)
        for level in (contrast.reference, *contrast.others, *contrast.where.values()):
            level_to_json(level)  # refuses what cannot be written


def check_keys(question: Question, known: Sequence[str], expected: str) -> None:
    """Raise ValueError for a key of a question that is not `known`."""
    for key in sorted(list_keys(question)):
        check_key(key, known, expected)


def check_types(question: Question) -> None:
    """Raise ValueError where a field of a question is not of its type."""
    if not isinstance(question, Question):
        raise ValueError(f"question: expected nvp.Question(...), got {question!r}")
    if not isinstance(question.ask, str) or not question.ask.strip():
        raise ValueError(f"question: expected a sentence as ask, got {question.ask!r}")
    for field in ("x", "hue", "trial"):
        if not isinstance(getattr(question, field), str):
            raise ValueError(f"question: expected a text as {field}, got one of another type")
    check_items("figures", question.figures, str)
    check_items("contrasts", question.contrasts, Contrast)


def check_items(field: str, found: Any, kind: type) -> None:
    """Raise ValueError where a field of a question is no tuple of values of a type."""
    if not isinstance(found, tuple | list):
        raise ValueError(f"question: expected a tuple as {field}, got {found!r}")
    for one in found:
        if not isinstance(one, kind):
            raise ValueError(f"question: expected a {kind.__name__} in {field}, got {one!r}")


def check_key(key: str, known: Sequence[str], expected: str) -> None:
    """Raise ValueError for a key that is not `known`, and not made of others."""
    if key == "steps":
        raise ValueError(
            "question: expected 'length' (its levels: fixed epochs, fixed steps) for the axis "
            "steps, got 'steps'"
        )
    valid = dict.fromkeys([*known, *MADE])
    if key not in valid:
        raise ValueError(f"question: expected {expected}, got {key!r}{suggest_path(key, valid)}")


def check_contrast(contrast: Contrast, presets: Sequence[Preset]) -> None:
    """Raise ValueError for a level that is not there."""
    for level in (contrast.reference, *contrast.others):
        check_level(contrast.key, level, presets)
    for key, level in contrast.where.items():
        check_level(key, level, presets)


def check_compared(contrast: Contrast) -> None:
    """Raise ValueError for a column that is not there, and for a margin that is none."""
    values = [DEATH, *NUMBERS]
    if contrast.value not in values:
        raise ValueError(
            f"question: expected death or a column of trials that holds numbers as value of a "
            f"contrast, got {contrast.value!r}{suggest_nearest(contrast.value, values)}"
        )
    if isinstance(contrast.others, str) or not isinstance(contrast.others, Sequence):
        raise ValueError(f"question: expected a tuple as others, got {contrast.others!r}")
    margin = contrast.margin
    if margin is not None and not (isinstance(margin, Margin) and margin.size > 0):
        raise ValueError(f"question: expected nvp.Margin(size > 0, why) as margin, got {margin!r}")


def check_level(key: str, level: Any, presets: Sequence[Preset]) -> None:
    """Raise ValueError for a level that no preset has; a range may have any."""
    known = list_levels(key, presets)
    if not isinstance(level, End) and known is not None and make_canonical(level) not in known:
        shown = ", ".join(map(str, known))
        raise ValueError(
            f"question: expected a level of {key}, one of {shown}; got {level!r}"
            f"{suggest_nearest(str(level), map(str, known))}"
        )


def list_levels(key: str, presets: Sequence[Preset]) -> list[Any] | None:
    """Return the levels that a key has in any preset; None where they are not known before."""
    if key in MADE:
        made = MADE[key]
        return None if made is None else list(made)
    levels: list[Any] = []
    for base, space in presets:
        axis = space.get(key)
        if axis is not None and not isinstance(axis, Grid):
            return None
        levels += [] if axis is None else axis.values
        levels += [make_canonical(flatten_config(base)[key])] if key in flatten_config(base) else []
    return list(dict.fromkeys(levels))
