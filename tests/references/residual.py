"""Forward pass of a thin CIFAR ResNet, in float64 numpy and in eval mode.

Source: He et al., "Deep residual learning for image recognition", 2016, section 4.2; shortcuts of
option A: where a stage begins every second position, zeros around the channels.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.references.networks import Array, convolve

ResidualNetwork = dict[str, Array]
EPSILON = 1e-5


@dataclass
class Flow:
    """What a forward pass saw: {convolution or block: maps}.

    Attributes:
        padded: what each convolution reads, zeros around it.
        outputs: of the stem and of each block's first layer, after ReLU.
        branches: what each block's second batch norm puts out.
        shortcuts: what is added to that.
        blocks: the sum, after ReLU.
        features: means over the positions of the last block.
    """

    padded: dict[str, Array] = field(default_factory=dict)
    outputs: dict[str, Array] = field(default_factory=dict)
    branches: dict[str, Array] = field(default_factory=dict)
    shortcuts: dict[str, Array] = field(default_factory=dict)
    blocks: dict[str, Array] = field(default_factory=dict)
    features: Array = field(default_factory=lambda: np.zeros(0))


def block_names(network: ResidualNetwork) -> list[str]:
    """Return the names of the blocks, in forward order."""
    found = (n.removesuffix(".conv1.weight") for n in network if n.endswith(".conv1.weight"))
    return [name for name in found if name.startswith("layer")]


def is_wider(network: ResidualNetwork, name: str) -> bool:
    """Whether a convolution is the first of a block whose output is wider than its input."""
    filters, channels = network[name].shape[:2]
    return name.endswith(".conv1.weight") and name.startswith("layer") and filters > channels


def middle(width: int, wider: int) -> slice:
    """Return where the channels of a shortcut lie among those of its block."""
    start = (wider - width) // 2
    return slice(start, start + width)


def residual_forward(
    network: ResidualNetwork, x: Array, masks: dict[str, NDArray[np.bool_]]
) -> Flow:
    """Return what a forward pass sees.

    Args:
        network: the parameters and running statistics.
        x: the images, normalised.
        masks: of them those of the shortcuts are used; one that is not there is all True.
    """
    flow = Flow()
    x = np.maximum(normed(network, "bn1", convolved(network, "conv1.weight", x, flow)), 0)
    flow.outputs["conv1.weight"] = x
    for block in block_names(network):
        first = f"{block}.conv1.weight"
        inner = normed(network, f"{block}.bn1", convolved(network, first, x, flow))
        flow.outputs[first] = inner = np.maximum(inner, 0)
        branch = convolved(network, f"{block}.conv2.weight", inner, flow)
        flow.branches[block] = branch = normed(network, f"{block}.bn2", branch)
        carried = np.zeros_like(branch)
        if is_wider(network, first):
            carried[:, middle(x.shape[1], branch.shape[1])] = x[:, :, ::2, ::2]
        else:
            carried[:] = x
        mask = masks.get(f"{block}.shortcut", np.ones(branch.shape[1], bool))
        flow.shortcuts[block] = carried * mask[:, None, None]
        flow.blocks[block] = x = np.maximum(branch + flow.shortcuts[block], 0)
    flow.features = x.mean((2, 3))
    return flow


def convolved(network: ResidualNetwork, name: str, x: Array, flow: Flow) -> Array:
    """Return a 3x3 convolution that keeps the size, or halves it. Adds its input to `flow`."""
    flow.padded[name] = padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    stride = 2 if is_wider(network, name) else 1
    return convolve(padded, network[name])[:, :, ::stride, ::stride]


def normed(network: ResidualNetwork, name: str, x: Array) -> Array:
    """Return batch normalisation by running statistics."""
    weight, bias, mean, var = (
        network[f"{name}.{part}"][:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(var + EPSILON) * weight + bias
