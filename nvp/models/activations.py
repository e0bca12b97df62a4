"""Activation functions by name; each has act(0) = 0, so a masked neuron is silent.

`nvp.vitality.death` says which definitions of death apply to which activation. Two names of one
function (swish is silu) are two configurations, and so two trial ids.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from nvp.config.dotted_names import find_named
from nvp.config.trial_config import ModelConfig
from nvp.models.concatenated import ConcatenatedReLU
from nvp.models.own_activation import adapt_activation

ACTIVATIONS: dict[str, Callable[[float], nn.Module]] = {
    "relu": lambda slope: nn.ReLU(inplace=True),
    "leaky_relu": lambda slope: nn.LeakyReLU(slope),
    "silu": lambda slope: nn.SiLU(),
    "swish": lambda slope: nn.SiLU(),
    "gelu": lambda slope: nn.GELU(),
    "elu": lambda slope: nn.ELU(),
    "tanh": lambda slope: nn.Tanh(),
}
# Activations with two outputs for each neuron, for models whose readers count on that.
CONCATENATED: dict[str, Callable[[float], nn.Module]] = {"crelu": lambda slope: ConcatenatedReLU()}
READ_PAIRS = ("mlp", "lenet300", "convnet")
# The settings of `model.*` that an activation reads.
SETTINGS_OF_ACTIVATIONS: dict[str, tuple[str, ...]] = {"leaky_relu": ("slope",)}


def find_activation(name: str) -> Callable[[ModelConfig], nn.Module]:
    """Return the function that makes the activation modules of a name; ValueError for none."""
    known = ACTIVATIONS | CONCATENATED
    makers = {each: partial(make_registered, make) for each, make in known.items()}
    return find_named("model.activation", name, makers, adapt_activation)


def make_registered(make: Callable[[float], nn.Module], config: ModelConfig) -> nn.Module:
    """Return an activation module of the registry."""
    return make(config.slope)


def count_outputs(config: ModelConfig) -> int:
    """Return how many outputs a neuron has."""
    return 2 if config.activation in CONCATENATED else 1


def check_pairs(config: ModelConfig) -> None:
    """Raise ValueError for an activation of two outputs in a model that reads one of a neuron."""
    if config.activation in CONCATENATED and config.name not in READ_PAIRS:
        raise ValueError(
            f"model.activation={config.activation}: a neuron has two outputs, which only "
            f"model.name={', '.join(READ_PAIRS)} read; got {config.name}"
        )


def make_activation(config: ModelConfig) -> nn.Module:
    """Return a fresh activation module."""
    return find_activation(config.activation)(config)
