"""A user's figure, by its dotted name: a function of the frames of a study and its question."""

import inspect
from typing import Any

from nvp.config.own_settings import describe_value

SHAPE = "a function of the parameters (frames, question) that returns a matplotlib figure"
GIVEN = (None, None)  # frames and question, as far as a signature is asked


def adapt_figure(setting: str, name: str, found: Any) -> Any:
    """Return the function that a dotted name stands for.

    Raises:
        ValueError: it cannot be called with the frames of a study and its question.
    """
    if isinstance(found, type) or not callable(found):
        got = describe_value(found)
    else:
        got = describe_misfit(found)
    if got:
        raise ValueError(f"{setting}: expected {SHAPE}, got {name!r}, which is {got}")
    return found


def describe_misfit(function: Any) -> str:
    """Return the parameters of a function that cannot take the frames and the question; else ""."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of some built-in functions
        return "a function that does not say its parameters"
    try:
        signature.bind(*GIVEN)
    except TypeError:
        return f"a function of {signature}"
    return ""
