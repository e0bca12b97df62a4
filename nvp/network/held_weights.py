"""Masked weights that stay 0 in a training loop of somebody else's."""

from functools import partial

from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.weight_masks import SUFFIX, parameter_masks

HELD = "masked_weights_are_held"  # the mark of a parameter that has its hook


def hold_weights(model: nn.Module) -> None:
    """Make the gradients of masked weights 0 from now on. Changes the model: hooks on parameters.

    Our own loop does it by `GradientRule`, and an adopted network by itself.
    """
    if isinstance(model, Adopted):
        return
    for name in parameter_masks(model):
        parameter = model.get_parameter(name)
        if parameter.requires_grad and not hasattr(parameter, HELD):
            setattr(parameter, HELD, parameter.register_hook(partial(zero_masked, model, name)))


def zero_masked(model: nn.Module, name: str, gradient: Tensor) -> Tensor:
    """Return a parameter's gradient with 0 where its weights are masked, as a hook."""
    return gradient * model.get_buffer(name + SUFFIX)
