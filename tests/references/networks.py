"""Forward and backward passes of small networks, in float64 numpy.

A network is {name: array} of `<layer>.weight` and `<layer>.bias` in forward order: convolutions
(no padding) with ReLU and 2x2 max-pooling, then linear maps with ReLU, then the logits.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Network = dict[str, Array]


def layers_of(network: Network) -> list[str]:
    """Return the names of the layers, in forward order; the last gives the logits."""
    return [name.removesuffix(".weight") for name in network if name.endswith(".weight")]


def convolve(x: Array, weight: Array) -> Array:
    """Return the convolution of images (n, c, h, w) with filters (f, c, k, k), without bias."""
    n, _, height, width = x.shape
    filters, _, k, _ = weight.shape
    out = np.zeros((n, filters, height - k + 1, width - k + 1))
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            patch = x[:, :, row : row + k, column : column + k]
            for f in range(filters):
                out[:, f, row, column] = (patch * weight[f]).sum((1, 2, 3))
    return out


def pool(x: Array) -> Array:
    """Return the largest of each 2x2 square; an odd last row or column is left out."""
    n, channels, height, width = x.shape
    out = np.zeros((n, channels, height // 2, width // 2))
    for row in range(height // 2):
        for column in range(width // 2):
            square = x[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            out[:, :, row, column] = square.max((2, 3))
    return out


def forward(network: Network, x: Array) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """Return the logits, what each layer reads, and what it puts out (after ReLU, unpooled)."""
    inputs, outputs = {}, {}
    *hidden, last = layers_of(network)
    for name in hidden:
        weight, bias = network[f"{name}.weight"], network[f"{name}.bias"]
        if weight.ndim == 4:
            inputs[name] = x
            outputs[name] = np.maximum(convolve(x, weight) + bias[:, None, None], 0)
            x = pool(outputs[name])
        else:
            inputs[name] = x.reshape(len(x), -1)
            outputs[name] = x = np.maximum(inputs[name] @ weight.T + bias, 0)
    inputs[last] = x.reshape(len(x), -1)
    return inputs[last] @ network[f"{last}.weight"].T + network[f"{last}.bias"], inputs, outputs


def cross_entropy_slope(logits: Array, labels: NDArray[np.int64]) -> Array:
    """Return the derivative of the cross entropy, mean over the images, by the logits."""
    odds = np.exp(logits - logits.max(1, keepdims=True))
    slope = odds / odds.sum(1, keepdims=True)
    for image, label in enumerate(labels):
        slope[image, label] -= 1
    return slope / len(labels)


def backward(network: Network, x: Array, slope: Array) -> tuple[Network, dict[str, Array]]:
    """Return the derivatives by all parameters, and by the outputs of the hidden layers.

    Args:
        network: the parameters.
        x: the images.
        slope: the derivative of what is differentiated by the logits.
    """
    _, inputs, outputs = forward(network, x)
    found, of_outputs = {}, {}
    for name in reversed(layers_of(network)):
        weight, given = network[f"{name}.weight"], inputs[name]
        if name in outputs:
            if weight.ndim == 4:
                slope = unpool(outputs[name], slope.reshape(pool(outputs[name]).shape))
            of_outputs[name] = slope
            slope = slope * (outputs[name] > 0)
        if weight.ndim == 4:
            found[f"{name}.bias"] = slope.sum((0, 2, 3))
            found[f"{name}.weight"], slope = convolution_slopes(given, weight, slope)
        else:
            found[f"{name}.bias"] = slope.sum(0)
            found[f"{name}.weight"] = slope.T @ given
            slope = slope @ weight
    return found, of_outputs


def unpool(x: Array, slope: Array) -> Array:
    """Return the derivative by what was pooled: all of it goes to the first largest of a square."""
    out = np.zeros_like(x)
    for image, channel, row, column in np.ndindex(slope.shape):
        square = x[image, channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        down, right = np.unravel_index(square.argmax(), square.shape)
        out[image, channel, 2 * row + down, 2 * column + right] = slope[image, channel, row, column]
    return out


def convolution_slopes(x: Array, weight: Array, slope: Array) -> tuple[Array, Array]:
    """Return the derivatives by the filters and by the images of a convolution."""
    by_weight, by_input, k = np.zeros_like(weight), np.zeros_like(x), weight.shape[-1]
    for row in range(slope.shape[2]):
        for column in range(slope.shape[3]):
            window = np.s_[:, :, row : row + k, column : column + k]
            for f in range(len(weight)):
                down = slope[:, f, row, column][:, None, None, None]
                by_weight[f] += (down * x[window]).sum(0)
                by_input[window] += down * weight[f]
    return by_weight, by_input
