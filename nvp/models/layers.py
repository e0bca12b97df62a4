"""The two neuron layers every family is made of."""

from torch import nn

from nvp.config import ModelConfig
from nvp.models.activations import ACTIVATIONS
from nvp.neurons import NeuronLayer


def scaled(width: int, config: ModelConfig) -> int:
    """Return a published width times `config.width`, rounded, at least 1."""
    return max(1, round(width * config.width))


def activation(config: ModelConfig) -> nn.Module:
    """Return a fresh activation module."""
    return ACTIVATIONS[config.activation](config.slope)


def norm2d(config: ModelConfig, width: int) -> nn.BatchNorm2d | None:
    """Return the normalisation of `width` channels, or None."""
    return nn.BatchNorm2d(width) if config.norm == "batch" else None


def conv(
    config: ModelConfig,
    fan_in: int,
    width: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    padding: int = 1,
    group: str = "",
) -> NeuronLayer:
    """Return a convolution layer of `width` neurons; without norm it has a bias."""
    norm = norm2d(config, width)
    bias = norm is None
    affine = nn.Conv2d(fan_in, width, kernel, stride=stride, padding=padding, bias=bias)
    return NeuronLayer(affine, norm, activation(config), group=group)


def linear(config: ModelConfig, fan_in: int, width: int) -> NeuronLayer:
    """Return a linear layer of `width` neurons; without norm it has a bias."""
    norm = nn.BatchNorm1d(width) if config.norm == "batch" else None
    affine = nn.Linear(fan_in, width, bias=norm is None)
    return NeuronLayer(affine, norm, activation(config))
