"""Constructors that would download weights by themselves, in each process, are refused."""

from typing import Any

from nvp.config.trial_config import ModelConfig
from nvp.models.pretrained.constructor import find_constructor

LIBRARIES = ("torchvision", "timm")
ASKING = ("pretrained", "weights", "pretrained_backbone", "weights_backbone")
HUB = ("hf-hub:", "hf_hub:")  # before a name of a model that timm looks up on the network


def refuse_own_download(config: ModelConfig) -> None:
    """Raise ValueError for settings that make a constructor of a library download weights.

    Each process of a study would, and no row would have the hash of the file.
    """
    _, library = find_constructor(config)
    for key, value in config.extra.items() if library in LIBRARIES else ():
        if asks_for_download(key, value):
            raise ValueError(
                f"model.extra.{key}: expected model.weights={suggest_weights(library, value)} "
                "instead, which the driver downloads once, and whose hash is in each row; got "
                f"{value!r}"
            )


def asks_for_download(key: str, value: Any) -> bool:
    """Whether a setting of a constructor makes it download weights."""
    if key == "model_name":
        return str(value).startswith(HUB)
    return key in ASKING and str(value).lower() not in ("", "false", "0", "none")


def suggest_weights(library: str, value: Any) -> str:
    """Return the value of `model.weights` that says the same."""
    if library == "timm":
        return "timm:default"
    word = value if isinstance(value, str) and value.lower() != "true" else "DEFAULT"
    return f"torchvision:{word}"
