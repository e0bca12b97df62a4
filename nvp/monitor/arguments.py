"""What a callback of somebody's trainer hands on to the Monitor that it makes."""

import os
from collections.abc import Mapping
from typing import Any, Required, TypedDict

from nvp.config.registry import suggest_nearest
from nvp.question.question import Question


class MonitorArguments(TypedDict, total=False):
    """Arguments of `nvp.Monitor` under its names.

    Attributes:
        study: a name for all trials that are to be compared.
        storage: a path or a URI; None = `NVP_STORAGE`, else `results`.
        config: what tells the trials of the study apart.
        question: what the study asks, for `nvp analyse`.
    """

    study: Required[str]
    storage: str | os.PathLike[str] | None
    config: Mapping[str, Any] | None
    question: Question | None


def check_arguments(arguments: Mapping[str, object]) -> None:
    """Raise TypeError, as Python does, for an argument that there is not, or without a study."""
    names = tuple(MonitorArguments.__annotations__)
    for name in arguments:
        if name not in names:
            raise TypeError(
                f"NeuronMonitor: expected the arguments {', '.join(names)}, got {name!r}"
                f"{suggest_nearest(name, names)}"
            )
    if "study" not in arguments:
        raise TypeError("NeuronMonitor: expected study=..., a name for all trials to be compared")
