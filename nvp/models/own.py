"""A model of the user's, by its dotted name.

A function with the parameters `config`, `image_shape` and `num_classes` is called as ours are. Any
other is called with `num_classes`, if it takes that. The rest of its parameters are settings
(`model.extra.*`).
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from nvp.config.dotted_names import explain_failure, import_name, is_dotted
from nvp.config.own_settings import Own, describe_value, list_parameters, takes
from nvp.config.trial_config import ModelConfig
from nvp.models.own_checks import check_logits, check_new, check_trainable
from nvp.network.adopted.adopt import adopt
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.anatomy import Anatomy
from nvp.network.neuron_layer import NeuronLayer

OURS = ("config", "image_shape", "num_classes")
# {how a network was built and what it looks like: (its anatomy, its operations for one image)}
FOUND: dict[tuple[object, ...], tuple[Anatomy, int]] = {}

# models that were found to be new at each call: a process calls the function once more for it
CALLED_TWICE: set[ModelConfig] = set()


class GreyAsColour(nn.Module):
    """A network of colour images that is shown grey ones, the same in its three channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.expand(-1, 3, -1, -1))


def read_channels(model: nn.Module) -> int:
    """Return how many channels the first convolution reads; 0 where there is none."""
    found = (m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d))
    return next(found, 0)


def is_foreign(name: str) -> bool:
    """Whether a model is built by a function that does not know nvp's configuration."""
    return is_dotted(name) and not is_ours(import_name("model.name", name))


def is_ours(function: Any) -> bool:
    """Whether a function has the parameters of nvp's own builders."""
    return callable(function) and set(OURS) <= list_parameters(function).keys()


@cache
def find_own_model(name: str) -> Own:
    """Return the builder that a dotted name stands for."""
    found = import_name("model.name", name)
    if not callable(found):
        raise ValueError(
            f"model.name: expected a function that returns a network, got {name!r}, which is "
            f"{describe_value(found)}"
        )
    return Own("model.name", name, found, OURS if is_ours(found) else ("num_classes",))


def build_own(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the network that a user's function builds; its parameters are drawn here.

    Raises:
        ValueError: the function fails, or returns no network.
        NotImplementedError: it computes with its weights, and they have no entries (meta tensors).
    """
    model = call_own(config, image_shape, num_classes)
    check_trainable(config.name, model)
    if config not in CALLED_TWICE:
        check_new(config.name, model, call_own(config, image_shape, num_classes))
        CALLED_TWICE.add(config)
    own_layers = any(isinstance(module, NeuronLayer) for module in model.modules())
    if own_layers or any(parameter.is_meta for parameter in model.parameters()):
        return model
    example = torch.zeros(2, *image_shape)
    if image_shape[0] == 1 and read_channels(model) == 3:
        model = GreyAsColour(model)
    return adopt_once(config, model, example, num_classes)


def call_own(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Return what a user's function returns; raises as `build_own` does."""
    own = find_own_model(config.name)
    if own.passed == OURS:
        passed = {"config": config, "image_shape": image_shape, "num_classes": num_classes}
    else:
        passed = {"num_classes": num_classes} if takes(own.function, "num_classes") else {}
    try:
        model = own.call_explained(config.extra, let=(NotImplementedError, ValueError), **passed)
    except ValueError as error:
        if str(error).startswith("model."):
            raise  # of nvp's own layers, which name the setting
        raise ValueError(
            f"model.name: calling {config.name} fails: {explain_failure(error)}"
        ) from error
    if isinstance(model, nn.Module):
        return model
    raise ValueError(
        f"model.name: expected {config.name} to return a torch.nn.Module, got "
        f"{describe_value(model)}"
    )


def adopt_once(config: ModelConfig, model: nn.Module, example: Tensor, num_classes: int) -> Adopted:
    """Return the adopted model. What adopting finds is the same in all models built alike.

    So a process looks once: a driver builds the networks of many cells, an actor of many trials.
    """
    named = (*model.named_parameters(), *model.named_buffers())
    shapes = [(name, tensor.shape) for name, tensor in named]
    alike = (config.name, config.extra, example.shape, num_classes, repr(model), *shapes)
    if alike not in FOUND:
        check_logits(config.name, model, example, num_classes)
        adopted = adopt(model, example)
        FOUND[alike] = adopted.anatomy, adopted.dense_flops
        return adopted
    anatomy, flops = FOUND[alike]
    return Adopted(model, anatomy, dense_flops=flops)
