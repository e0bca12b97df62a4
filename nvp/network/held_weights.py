"""Masked weights that stay 0 in a training loop of somebody else's, and in copies of the network.

A hook on each masked parameter makes its gradient 0 where it is masked. Copies and pickles of a
parameter have none of its hooks, but those of a module have its own. So the module gives its
parameters their hooks again, at the first forward pass of a copy.
"""

from functools import partial
from typing import Any

from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.weight_masks import SUFFIX, parameter_masks

HELD = "masked_weights_are_held"  # the mark of a parameter, or a module, that has its hook


class Mark:
    """The mark of a parameter that has its hook; what is copied of it marks nothing."""

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Return how a copy is made: as nothing, since the copy of the parameter has no hook."""
        return type(None), ()


def hold_weights(model: nn.Module) -> None:
    """Make the gradients of masked weights 0 from now on. Changes the model: it gets hooks.

    Our own loop does it by `GradientRule`, and an adopted network by itself.
    """
    if isinstance(model, Adopted):
        return
    for path in {name.rpartition(".")[0] for name in parameter_masks(model)}:
        module = model.get_submodule(path)
        hold_parameters(module)
        if not hasattr(module, HELD):
            setattr(module, HELD, True)
            module.register_forward_pre_hook(hold_parameters)


def hold_parameters(module: nn.Module, inputs: Any = None) -> None:
    """Give a hook to each masked parameter of a module that has none. Changes the parameters.

    Args:
        module: whose own parameters are meant, not those of modules inside.
        inputs: of its forward pass, before which this is called as a hook.
    """
    for name, parameter in module.named_parameters(recurse=False):
        masked = isinstance(getattr(module, name + SUFFIX, None), Tensor)
        free = parameter.is_leaf and getattr(parameter, HELD, None) is None
        if masked and free and parameter.requires_grad:
            setattr(parameter, HELD, Mark())
            parameter.register_hook(partial(zero_masked, module, name))


def zero_masked(module: nn.Module, name: str, gradient: Tensor) -> Tensor:
    """Return the gradient of a module's parameter with 0 where it is masked, as a hook."""
    return gradient * module.get_buffer(name + SUFFIX)
