"""Weights of timm by their tags: `timm:a1_in1k`, `timm:default`, or `timm:resnet18.a1_in1k`."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from torch import Tensor

from nvp.config.dotted_names import explain_failure
from nvp.config.extra import thaw_value
from nvp.config.registry import look_up, suggest_nearest
from nvp.config.seed import kept_streams
from nvp.config.trial_config import ModelConfig
from nvp.models.pretrained.constructor import find_constructor
from nvp.models.pretrained.source import Source

SETTING = "model.weights"
REMOTE = ("model.safetensors", "pytorch_model.bin")  # the names that timm, too, looks for
NOT_PASSED = ("model_name", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "num_classes")


def find_timm_source(config: ModelConfig, name: str) -> Source:
    """Return where weights of timm come from.

    Args:
        config: the model's part of a trial.
        name: behind `timm:`; a tag of the model, `default`, or with the model's name before it.

    Raises:
        ValueError: timm is not installed, or the model has no weights of this name.
    """
    timm, (architecture, _, tag) = import_timm(), name.rpartition(".")
    own, of_model = find_architecture(config)
    if architecture and own and architecture != own:
        raise ValueError(
            f"{SETTING}: expected weights of {own}, the model of model.name, got {name!r}"
        )
    architecture = architecture or own
    tag = of_model if of_model and tag == "default" else tag
    if not architecture:
        raise ValueError(
            f"{SETTING}: expected the full name of weights, timm:resnet18.a1_in1k or another, "
            f"because {config.name} is no constructor of timm; got {name!r}"
        )
    every = timm.models.get_arch_pretrained_cfgs(architecture)
    tags = {each.tag: each for each in every.values() if each.has_weights}
    if not tags:
        names = timm.list_models(pretrained=True)
        raise ValueError(
            f"{SETTING}: expected a model that timm has weights of, got {architecture!r}"
            f"{suggest_nearest(architecture, {each.partition('.')[0] for each in names})}"
        )
    known = {f"timm:{each}": found for each, found in tags.items()}
    first = timm.models.get_pretrained_cfg(architecture).tag  # timm's own `pretrained=True`
    known["timm:default"] = tags.get(first, next(iter(tags.values())))
    return make_source(look_up(SETTING, f"timm:{tag}", known), architecture)


def make_source(found: Any, architecture: str) -> Source:
    """Return the source of a configuration of timm's."""
    name = f"timm:{architecture}.{found.tag}"
    if found.hf_hub_id:
        names = (found.hf_hub_filename,) if found.hf_hub_filename else REMOTE
        return Source(
            name=name, repository=found.hf_hub_id, remote_names=names, architecture=architecture
        )
    url = found.url if isinstance(found.url, str) else found.url[0]
    below = os.path.basename(urlsplit(url).path)
    return Source(name=name, url=url, below=below, architecture=architecture)


def import_timm() -> ModuleType:
    """Return timm; ValueError where it is not installed."""
    try:
        import timm
    except ModuleNotFoundError:
        raise ValueError(
            f"{SETTING}: expected timm to be installed (pip install timm), found none"
        ) from None
    return timm


def find_architecture(config: ModelConfig) -> tuple[str, str]:
    """Return timm's name of a model, and the tag in it; "" for what is no constructor of timm's."""
    function, library = find_constructor(config)
    if library != "timm":
        return "", ""
    if function.__name__ == "create_model":
        name, _, tag = str(config.extra.get("model_name", "")).partition(".")
        return name, tag
    return function.__name__, ""


def read_timm_weights(source: Source, config: ModelConfig, file: Path) -> dict[str, Tensor]:
    """Return the tensors of a file of timm's, by the names of the model that they are for.

    timm builds that model, with as many classes as the file has, and brings old files into shape.
    """
    timm, (_, library) = import_timm(), find_constructor(config)
    extra = config.extra if library == "timm" else {}
    settings = {key: thaw_value(extra[key]) for key in extra if key not in NOT_PASSED}
    tag = source.name.rpartition(".")[2]
    try:
        with kept_streams():
            network = timm.create_model(
                source.architecture,
                pretrained=True,
                pretrained_cfg=tag,
                pretrained_cfg_overlay={"file": str(file)},
                **settings,
            )
    except Exception as error:  # of a damaged file, or of one that does not fit the settings
        raise ValueError(
            f"{SETTING}: expected the tensors of {source.name} in {str(file)!r}, but timm cannot "
            f"load them: {explain_failure(error)}"
        ) from error
    return dict(network.state_dict())
