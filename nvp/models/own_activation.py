"""A user's activation function, by its dotted name.

A class of modules, a function that makes one, or a function of a tensor. Its other parameters are
settings (`model.extra.*`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from nvp.config.dotted_names import explain_failure, import_name
from nvp.config.memory import is_out_of_memory
from nvp.config.own_settings import Own, describe_value, list_parameters
from nvp.config.trial_config import ModelConfig


class Elementwise(nn.Module):
    """A function of a tensor as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


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
    takes_slope = "slope" in list_parameters(own.function)
    slope: dict[str, Any] = {"slope": config.slope} if takes_slope else {}
    module = own.call_explained(config.extra, **slope)
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
        if is_out_of_memory(error):
            raise
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
