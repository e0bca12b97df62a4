"""A model or an activation function of the user's, by its dotted name.

A function with the parameters `config`, `image_shape` and `num_classes` is called as ours are. Any
other is called with `num_classes`, if it takes that. The rest of its parameters are settings
(`model.extra.*`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from nvp.config.dotted_names import explain_failure, import_name, is_dotted
from nvp.config.own_settings import Own, list_parameters, takes
from nvp.config.trial_config import ModelConfig

OURS = ("config", "image_shape", "num_classes")


class Elementwise(nn.Module):
    """A function of a tensor as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


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
    own = find_own_model(config.name)
    if own.passed == OURS:
        passed = {"config": config, "image_shape": image_shape, "num_classes": num_classes}
    else:
        passed = {"num_classes": num_classes} if takes(own.function, "num_classes") else {}
    try:
        model = own.call(config.extra, **passed)
    except (NotImplementedError, ValueError):
        raise
    except Exception as error:  # whatever the user's function raises
        raise ValueError(
            f"model.name: calling {config.name} fails: {explain_failure(error)}"
        ) from error
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"model.name: expected {config.name} to return a torch.nn.Module, got "
            f"{describe_value(model)}"
        )
    return model


def describe_value(value: Any) -> str:
    """Return what a value is, for a message."""
    kind = type(value)
    where = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return "None" if value is None else f"a {where}{kind.__qualname__}"


def adapt_activation(setting: str, name: str, found: Any) -> Callable[[ModelConfig], nn.Module]:
    """Return a function that makes the activation, from a module class, a maker or a function.

    A function whose first parameter is a tensor's, as in torch.nn.functional, is applied itself.
    One without required parameters, or with `slope`, makes a module.
    """
    own = find_own_activation(name)
    if own.passed == ("slope",):
        return lambda config: make_checked(own, config)
    return lambda config: check_activation(own, Elementwise(lambda x: own.call(config.extra, x)))


@cache
def find_own_activation(name: str) -> Own:
    """Return the activation that a dotted name stands for.

    What is passed to it tells what it is: a slope to a maker, a tensor to what is applied itself.
    """
    setting = "model.activation"
    found = import_name(setting, name)
    if not callable(found):
        raise ValueError(
            f"{setting}: expected an activation function, got {name!r}, which is "
            f"{describe_value(found)}"
        )
    parameters = list_parameters(found)
    needed = [p for p in parameters.values() if p.default is p.empty and p.kind < p.KEYWORD_ONLY]
    first = next((p.name for p in needed if p.kind != p.VAR_POSITIONAL), "")
    is_maker = isinstance(found, type) or first in ("", "slope")
    return Own(setting, name, found, ("slope",) if is_maker else (first,))


def make_checked(own: Own, config: ModelConfig) -> nn.Module:
    """Return the module that a class or a maker of activation functions makes."""
    slope = {"slope": config.slope} if "slope" in list_parameters(own.function) else {}
    try:
        module = own.call(config.extra, **slope)
    except Exception as error:  # whatever the user's function raises
        raise ValueError(
            f"{own.setting}: calling {own.name} fails: {explain_failure(error)}"
        ) from error
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"{own.setting}: expected {own.name} to return a torch.nn.Module, got "
            f"{describe_value(module)}"
        )
    return check_activation(own, module)


def check_activation(own: Own, module: nn.Module) -> nn.Module:
    """Return an activation module; ValueError where it does not act on each entry by itself."""
    if any(parameter.is_meta for parameter in module.parameters()):
        return module
    x = torch.tensor([[-2.0, -0.5, 0.0, 0.5], [3.0, 1.0, -1.0, 0.25]], device="cpu")
    module.eval()
    try:
        with torch.no_grad():
            whole = module(x.clone())
            apart = torch.cat([module(column.clone()) for column in x.split(1, dim=1)], dim=1)
    except Exception as error:  # whatever the user's function raises
        raise ValueError(
            f"{own.setting}: calling {own.name} on a tensor fails: {explain_failure(error)}"
        ) from error
    if not isinstance(whole, Tensor) or whole.shape != x.shape:
        got = tuple(whole.shape) if isinstance(whole, Tensor) else describe_value(whole)
        raise ValueError(
            f"{own.setting}: expected {own.name} to return a tensor of its input's shape, "
            f"{tuple(x.shape)}, got {got}"
        )
    if not torch.equal(whole, apart):
        raise ValueError(
            f"{own.setting}: expected a function of each entry by itself, got {own.name}, which "
            "mixes neurons"
        )
    return module.train()
