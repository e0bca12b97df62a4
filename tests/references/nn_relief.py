"""One pass of NN Relief over a chain of layers and over a residual network: which inputs are kept.

Source: Dekhovich et al., "Neural network relief: a pruning algorithm based on neural activity",
2021/2024. True = keep.
"""

import numpy as np
from numpy.typing import NDArray

from tests.references.networks import Array, Network, forward, layers_of
from tests.references.residual import (
    ResidualNetwork,
    block_names,
    is_wider,
    middle,
    residual_forward,
)

Mask = NDArray[np.bool_]
Masks = dict[str, Mask]


def cover(scores: list[float], alpha: float) -> list[bool]:
    """Return which inputs of one neuron are kept: the largest, up to a share alpha of the sum."""
    if len(scores) == 1:
        return [scores[0] > 0]
    ranked = sorted(scores, reverse=True)
    total, below, reached = sum(scores), 0, 0.0
    for score in ranked:
        reached += score
        below += reached < alpha * total
    threshold = ranked[min(below + 1, len(ranked) - 1)]
    return [score > threshold for score in scores]


def linear_mask(x: Array, weight: Array, bias: Array, alpha: float) -> tuple[Mask, Mask]:
    """Return the masks of the weight and the bias; an input's score is mean |x W|."""
    keep, keep_bias = np.zeros(weight.shape, bool), np.zeros(len(weight), bool)
    for i in range(len(weight)):
        scores = [float(np.abs(x[:, c] * weight[i, c]).mean()) for c in range(x.shape[1])]
        *keep[i], keep_bias[i] = cover([*scores, abs(float(bias[i]))], alpha)
    return keep, keep_bias


def convolution_mask(
    x: Array, weight: Array, bias: Array | None, alpha: float, norm: str, stride: int = 1
) -> tuple[Mask, Mask]:
    """Return the masks of the weight and the bias; a whole kernel is one input.

    Args:
        x: the input, padded.
        weight: (f, c, k, k).
        bias: (f,), if there is one.
        alpha: the share of the signal to keep.
        norm: how a kernel's map is summed, "l1" or "frobenius".
        stride: of the convolution.
    """
    size = np.abs(x).mean(0)
    k = weight.shape[-1]
    rows = range(0, size.shape[1] - k + 1, stride)
    columns = range(0, size.shape[2] - k + 1, stride)
    keep, keep_bias = np.zeros(weight.shape, bool), np.zeros(len(weight), bool)
    for f in range(len(weight)):
        scores = []
        for c in range(weight.shape[1]):
            kernel = np.abs(weight[f, c])
            signal = [
                float((size[c, row : row + k, column : column + k] * kernel).sum())
                for row in rows
                for column in columns
            ]
            scores.append(sum(signal) if norm == "l1" else sum(s * s for s in signal) ** 0.5)
        if bias is not None:
            positions = len(rows) * len(columns)
            spread = positions if norm == "l1" else positions**0.5
            scores.append(abs(float(bias[f])) * spread)
        kept = cover(scores, alpha)
        for c in range(weight.shape[1]):
            keep[f, c] = kept[c]
        keep_bias[f] = kept[-1]
    return keep, keep_bias


def relieve_chain(network: Network, x: Array, *, alpha_conv: float, alpha_fc: float) -> Masks:
    """Return the masks of all weights and biases of a network of `references.networks`."""
    masks: Masks = {}
    _, inputs, outputs = forward(network, x)
    convolutions = [n for n in layers_of(network) if network[f"{n}.weight"].ndim == 4]
    for name in convolutions:
        weight, bias = network[f"{name}.weight"], network[f"{name}.bias"]
        keep = convolution_mask(inputs[name], weight, bias, alpha_conv, "l1")
        masks[f"{name}.weight"], masks[f"{name}.bias"] = keep
        remove_silent(masks, name, outputs[name])
    pruned = {name: value * masks.get(name, True) for name, value in network.items()}
    _, inputs, outputs = forward(pruned, x)
    for name in layers_of(network)[len(convolutions) :]:
        weight, bias = network[f"{name}.weight"], network[f"{name}.bias"]
        keep = linear_mask(inputs[name], weight, bias, alpha_fc)
        masks[f"{name}.weight"], masks[f"{name}.bias"] = keep
        if name in outputs:
            remove_silent(masks, name, outputs[name])
    names = layers_of(network)
    for name, reader in reversed(list(zip(names, names[1:], strict=False))):
        width = len(network[f"{name}.weight"])
        by_neuron = masks[f"{reader}.weight"].any(0).reshape(width, -1)
        for j in range(width):
            if not by_neuron[j].any():
                masks[f"{name}.weight"][j] = masks[f"{name}.bias"][j] = False
    return masks


def remove_silent(masks: Masks, name: str, output: Array) -> None:
    """Let the neurons of a layer go that put out 0 for every image. Changes `masks`."""
    for j in range(output.shape[1]):
        if not output[:, j].any():
            masks[f"{name}.weight"][j] = masks[f"{name}.bias"][j] = False


def relieve_residual(
    network: ResidualNetwork, x: Array, *, alpha_conv: float, alpha_fc: float
) -> Masks:
    """Return the masks of all weights, the last bias and all shortcuts of a residual network."""
    flow = residual_forward(network, x, {})
    gone = {name: np.zeros(len(weight), bool) for name, weight in convolutions_of(network).items()}
    masks: Masks = {}
    for name, weight in convolutions_of(network).items():
        stride = 2 if is_wider(network, name) else 1
        masks[name], _ = convolution_mask(
            flow.padded[name], weight, None, alpha_conv, "frobenius", stride
        )
        if name in flow.outputs:
            gone[name] |= ~flow.outputs[name].any((0, 2, 3))
    for block in block_names(network):
        branch, residual = norms(flow.branches[block]), norms(flow.shortcuts[block])
        conv = f"{block}.conv2.weight"
        gone[conv] |= branch * alpha_conv < residual * (1 - alpha_conv)
        gone[conv] |= ~flow.blocks[block].any((0, 2, 3))
        masks[f"{block}.shortcut"] = ~(residual * alpha_conv < branch * (1 - alpha_conv))
    pruned = silence(network, masks, gone)
    flow = residual_forward(pruned, x, masks)
    masks["linear.weight"], masks["linear.bias"] = linear_mask(
        flow.features, network["linear.weight"], network["linear.bias"], alpha_fc
    )
    go_back(network, masks, gone)
    return masks


def convolutions_of(network: ResidualNetwork) -> Network:
    return {name: value for name, value in network.items() if value.ndim == 4}


def norms(maps: Array) -> Array:
    """Return, of each channel, the Frobenius norm of the mean absolute map."""
    size = np.abs(maps).mean(0)
    return np.array([float((size[f] ** 2).sum()) ** 0.5 for f in range(len(size))])


def silence(network: ResidualNetwork, masks: Masks, gone: Masks) -> ResidualNetwork:
    """Return the network without what is masked, and with channels that are gone at 0."""
    pruned = {name: value * masks.get(name, True) for name, value in network.items()}
    for name, channels in gone.items():
        norm = name.replace("conv", "bn").removesuffix(".weight")
        pruned[f"{norm}.weight"][channels] = pruned[f"{norm}.bias"][channels] = 0.0
    return pruned


def go_back(network: ResidualNetwork, masks: Masks, gone: Masks) -> None:
    """Remove channels that nothing reads, from the last block to the stem. Changes both."""
    reader = ""
    for block in reversed(block_names(network)):
        first, second = f"{block}.conv1.weight", f"{block}.conv2.weight"
        read = channels_read(network, masks, len(network[second]), reader)
        gone[second] |= ~read
        masks[f"{block}.shortcut"] &= read
        masks[second][gone[second]] = False
        gone[first] |= ~masks[second].any((0, 2, 3))
        masks[first][gone[first]] = False
        reader = block
    stem = "conv1.weight"
    gone[stem] |= ~channels_read(network, masks, len(network[stem]), reader)
    masks[stem][gone[stem]] = False


def channels_read(network: ResidualNetwork, masks: Masks, width: int, reader: str) -> Mask:
    """Return which channels a block, or the last linear map (""), reads."""
    if not reader:
        return masks["linear.weight"].any(0)
    carried = masks[f"{reader}.shortcut"]
    if is_wider(network, f"{reader}.conv1.weight"):
        carried = carried[middle(width, len(carried))]
    return masks[f"{reader}.conv1.weight"].any((0, 2, 3)) | carried
