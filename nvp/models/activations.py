"""Activation functions by name; each has act(0) = 0, so a masked neuron is silent.

`nvp.vitality.death` says which definitions of death apply to which activation. Two names of one
function (swish is silu) are two configurations, and so two trial ids.
"""

from collections.abc import Callable

from torch import nn

ACTIVATIONS: dict[str, Callable[[float], nn.Module]] = {
    "relu": lambda slope: nn.ReLU(inplace=True),
    "leaky_relu": lambda slope: nn.LeakyReLU(slope),
    "silu": lambda slope: nn.SiLU(),
    "swish": lambda slope: nn.SiLU(),
    "gelu": lambda slope: nn.GELU(),
    "elu": lambda slope: nn.ELU(),
    "tanh": lambda slope: nn.Tanh(),
}
# The settings of `model.*` that an activation reads.
SETTINGS_OF_ACTIVATIONS: dict[str, tuple[str, ...]] = {"leaky_relu": ("slope",)}
