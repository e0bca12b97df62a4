"""A question as study.json has it: plain JSON, of which unknown keys are left alone.

An end of a key, which is known once the study is, is written as {"end": "first"}; a level that is a
tuple is a list there.
"""

from collections.abc import Mapping
from typing import Any

from nvp.config.numbers import make_canonical
from nvp.question.question import Contrast, End, Margin, Question

Json = dict[str, Any]
KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "an object"}
LEVELS = (str, int, float, bool, type(None))


def question_to_json(question: Question) -> Json:
    """Return a question as plain JSON; its numbers are canonical, as those of a design are."""
    return {
        "ask": question.ask,
        "x": question.x,
        "hue": question.hue,
        "figures": list(question.figures),
        "contrasts": [contrast_to_json(one) for one in question.contrasts],
        "trial": question.trial,
        "refuted_by": question.refuted_by,
    }


def contrast_to_json(contrast: Contrast) -> Json:
    """Return a contrast as plain JSON."""
    margin = contrast.margin
    return {
        "value": contrast.value,
        "key": contrast.key,
        "reference": level_to_json(contrast.reference),
        "others": [level_to_json(level) for level in contrast.others],
        "where": {key: level_to_json(level) for key, level in contrast.where.items()},
        "by": contrast.by,
        "margin": margin and {"size": float(margin.size), "why": margin.why},
    }


def level_to_json(level: Any) -> Any:
    """Return a level of a key as plain JSON.

    Raises:
        ValueError: it is no number, text, truth value, list of these, or End.
    """
    if isinstance(level, End):
        return {"end": level.value}
    plain = make_canonical(level)
    items = plain if isinstance(plain, tuple) else (plain,)
    for item in items:
        if not isinstance(item, LEVELS):
            raise ValueError(
                f"question: expected a number, a text, a list of these or nvp.End as a level, got "
                f"{level!r}"
            )
    return list(plain) if isinstance(plain, tuple) else plain


def read_question(values: Mapping[str, Any]) -> Question | None:
    """Return the question that study.json has; None where it has none.

    Raises:
        ValueError: a value is not what it should be.
    """
    if not values:
        return None
    return Question(
        ask=read_value(values, "ask", ""),
        x=read_value(values, "x", ""),
        hue=read_value(values, "hue", ""),
        figures=tuple(read_texts(values, "figures")),
        contrasts=tuple(map(read_contrast, read_value(values, "contrasts", []))),
        trial=read_value(values, "trial", ""),
        refuted_by=read_value(values, "refuted_by", ""),
    )


def read_contrast(values: Any) -> Contrast:
    """Return a contrast that study.json has."""
    check_type("a contrast", values, dict)
    margin = values.get("margin")
    return Contrast(
        value=read_value(values, "value"),
        key=read_value(values, "key"),
        reference=read_level(values.get("reference", {"end": "first"})),
        others=tuple(map(read_level, read_value(values, "others", []))),
        where={key: read_level(level) for key, level in read_value(values, "where", {}).items()},
        by=read_value(values, "by", ""),
        margin=None if margin is None else read_margin(margin),
    )


def read_margin(values: Any) -> Margin:
    """Return a margin that study.json has."""
    check_type("margin", values, dict)
    size = values.get("size")
    if isinstance(size, bool) or not isinstance(size, int | float) or not size > 0:
        raise ValueError(f"expected a number > 0 as size of a margin, got {size!r}")
    return Margin(size, read_value(values, "why", ""))


def read_level(value: Any) -> Any:
    """Return a level that study.json has."""
    if isinstance(value, list):
        return tuple(map(read_level, value))
    if not isinstance(value, dict):
        return value
    for end in End:
        if value.get("end") == end.value:
            return end
    raise ValueError(f"expected a level, or first or last as the end of a key, got {value!r}")


def read_texts(values: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of texts."""
    texts = read_value(values, key, [])
    for text in texts:
        check_type(f"one of {key}", text, str)
    return texts


def read_value(values: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """Return the value of a key, of the type of its default (of a text, without one)."""
    value = values.get(key, default)
    check_type(key, value, str if default is None else type(default))
    return value


def check_type(name: str, value: Any, kind: type) -> None:
    """Raise ValueError when a value is not of a type."""
    if not isinstance(value, kind):
        raise ValueError(f"expected {KINDS[kind]} as {name} of the question, got {value!r}")
