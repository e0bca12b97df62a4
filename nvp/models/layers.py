"""The neuron layers every family is made of, and who reads whom in a chain of them."""

from torch import nn

from nvp.config.trial_config import ModelConfig
from nvp.models.activations import ACTIVATIONS
from nvp.network.dropout import Dropout
from nvp.network.neuron_layer import NeuronLayer, Shortcut


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


def dropout_layers(
    config: ModelConfig, fan_in: int, widths: tuple[int, ...], *, path: str, source: str
) -> nn.Sequential:
    """Return linear layers of published widths, each behind dropout 0.5.

    As in the heads of the papers' code they have a bias and never a norm.

    Args:
        config: the model's part of a trial.
        fan_in: neurons that the first layer reads.
        widths: published widths.
        path: of the sequence in the model.
        source: the group that the first layer reads.
    """
    layers = nn.Sequential()
    for width in (scaled(width, config) for width in widths):
        affine = nn.Linear(fan_in, width)
        layers.append(Dropout(0.5, reads=source))
        source, fan_in = f"{path}.{len(layers)}", width
        layers.append(NeuronLayer(affine, None, activation(config)))
    return layers


def chain_reads(chain: nn.Module, path: str, source: str) -> dict[str, str]:
    """Return {path of a layer: the group it reads} of the children of a module, one after another.

    Args:
        chain: a block or a sequence; its layers read the one before, its shortcut reads `source`.
        path: of the chain in the model.
        source: the group that the first layer reads; "" for the image, which is no group.
    """
    reads, latest = {}, source
    for name, layer in chain.named_children():
        if isinstance(layer, Shortcut):
            reads[f"{path}.{name}"] = source
        elif isinstance(layer, NeuronLayer):
            reads[f"{path}.{name}"] = latest
            latest = f"{path}.{name}"
    return {reader: group for reader, group in reads.items() if group}
