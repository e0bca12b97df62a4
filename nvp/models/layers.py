"""The neuron layers that every family is made of, and which of them reads which."""

from torch import nn

from nvp.config.trial_config import ModelConfig
from nvp.models.activations import make_activation
from nvp.models.norms import make_norm
from nvp.network.dropout import Dropout
from nvp.network.neuron_layer import NeuronLayer, Shortcut

WIDEST = 1_000_000  # neurons of a layer


def scale_width(width: int, config: ModelConfig) -> int:
    """Return a published width times `config.width`, rounded, at least 1.

    Raises:
        ValueError: for a layer of more than `WIDEST` neurons.
    """
    scaled = max(1, round(width * config.width))
    if scaled > WIDEST:
        raise ValueError(
            f"model.width: expected layers of at most {WIDEST:,} neurons, so less than "
            f"{WIDEST / width:g} of a layer of {width}, got {config.width!r}"
        )
    return scaled


def make_conv(
    config: ModelConfig,
    fan_in: int,
    width: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    padding: int = 1,
    group: str = "",
) -> NeuronLayer:
    """Return a convolution layer with the trial's norm and activation; without norm it has a bias.

    Args:
        config: the model's part of a trial.
        fan_in: channels that it reads.
        width: its neurons, which are its output channels.
        kernel: side of its kernel.
        stride: of its kernel.
        padding: pixels around its input.
        group: the residual stream that it writes to; "" = none.
    """
    norm = make_norm(config, width, of_images=True)
    bias = norm is None
    affine = nn.Conv2d(fan_in, width, kernel, stride=stride, padding=padding, bias=bias)
    return NeuronLayer(affine, norm, make_activation(config), group=group)


def make_linear(config: ModelConfig, fan_in: int, width: int) -> NeuronLayer:
    """Return a linear layer with the trial's norm and activation; without norm it has a bias.

    Args:
        config: the model's part of a trial.
        fan_in: features that it reads.
        width: its neurons.
    """
    norm = make_norm(config, width, of_images=False)
    affine = nn.Linear(fan_in, width, bias=norm is None)
    return NeuronLayer(affine, norm, make_activation(config))


def make_dropout_layers(
    config: ModelConfig, fan_in: int, widths: tuple[int, ...], *, path: str, source: str
) -> nn.Sequential:
    """Return linear layers of published widths, each behind dropout 0.5.

    As in the heads of the papers' code, they have a bias and never a norm.

    Args:
        config: the model's part of a trial.
        fan_in: neurons that the first layer reads.
        widths: published widths.
        path: of the sequence in the model.
        source: the group that the first layer reads.
    """
    layers = nn.Sequential()
    for width in (scale_width(width, config) for width in widths):
        affine = nn.Linear(fan_in, width)
        layers.append(Dropout(0.5, reads=source))
        source, fan_in = f"{path}.{len(layers)}", width
        layers.append(NeuronLayer(affine, None, make_activation(config)))
    return layers


def list_chain_reads(chain: nn.Module, path: str, source: str) -> dict[str, str]:
    """Return {path of a layer: the group it reads} of the children of a module, in a chain.

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
