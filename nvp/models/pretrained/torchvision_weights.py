"""Weights of torchvision by their names: `torchvision:IMAGENET1K_V2`, or with their class's."""

import os
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from nvp.config.dotted_names import is_dotted
from nvp.config.registry import look_up, suggest_nearest
from nvp.config.trial_config import ModelConfig
from nvp.models.pretrained.constructor import find_constructor
from nvp.models.pretrained.source import Source

OURS = {"resnet18_imagenet": "resnet18", "resnet50": "resnet50"}  # our models: torchvision's
SETTING = "model.weights"


def find_torchvision_source(config: ModelConfig, name: str) -> Source:
    """Return where weights of torchvision come from.

    Args:
        config: the model's part of a trial.
        name: behind `torchvision:`; `DEFAULT` is the best that the installed torchvision has.

    Raises:
        ValueError: the model has no weights of this name.
    """
    kinds, plain = find_kinds(config), name.rpartition(".")[2]
    if "." in name:
        kind = look_up(SETTING, name.partition(".")[0], kinds)
    elif len(kinds) == 1:
        (kind,) = kinds.values()
    else:
        raise ValueError(
            f"{SETTING}: expected the full name of weights, torchvision:ResNet18_Weights.DEFAULT "
            f"or another, because {config.name} is no constructor of torchvision; got {name!r}"
        )
    members = {f"torchvision:{each}": member for each, member in kind.__members__.items()}
    found: Any = look_up(SETTING, f"torchvision:{plain}", members).value
    full = f"torchvision:{kind.__name__}.{members[f'torchvision:{plain}'].name}"
    below = os.path.basename(urlsplit(found.url).path)
    size = found.meta.get("_file_size", 0.0)
    return Source(name=full, url=found.url, below=below, megabytes=size)


def find_kinds(config: ModelConfig) -> dict[str, type[Enum]]:
    """Return {name: class of weights} of those that may fit a model: one where it says which.

    Raises:
        ValueError: torchvision has no weights of it.
    """
    from torchvision import models  # takes seconds

    names = models.list_models(models)
    if not is_dotted(config.name):
        if config.name not in OURS:
            raise ValueError(
                f"{SETTING}: expected a model that torchvision has weights of, one of "
                f"{', '.join(OURS)}, or torchvision's own, model.name=torchvision.models:NAME; got "
                f"{config.name!r}{suggest_nearest(config.name, OURS)}"
            )
        names = [OURS[config.name]]
    else:
        function, library = find_constructor(config)
        if library == "torchvision":
            given = config.extra.get("name") if function is models.get_model else function
            return list_kinds([given], config.name)
    return list_kinds(names, config.name)


def list_kinds(builders: list[Any], name: str) -> dict[str, type[Enum]]:
    """Return {name: class of weights} of constructors of torchvision, or of their names."""
    from torchvision import models

    try:
        kinds = [models.get_model_weights(builder) for builder in builders]
    except (ValueError, TypeError, AttributeError):
        raise ValueError(
            f"{SETTING}: expected a classifier of torchvision, model.name=torchvision.models:NAME, "
            f"got {name!r}, of which torchvision has no weights"
        ) from None
    return {kind.__name__: kind for kind in kinds}
