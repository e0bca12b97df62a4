"""The function that builds a model, and the library that it is of."""

from typing import Any

from nvp.config.dotted_names import import_name, is_dotted
from nvp.config.trial_config import ModelConfig


def find_constructor(config: ModelConfig) -> tuple[Any, str]:
    """Return what a dotted `model.name` stands for, and the package that defines it.

    (None, "") of a model of nvp's own.
    """
    if not is_dotted(config.name):
        return None, ""
    function = import_name("model.name", config.name)
    return function, str(getattr(function, "__module__", "")).partition(".")[0]
