"""Scores of weights and neurons, from the definitions; higher means keep.

Source: Lee et al. 2019 (SNIP); Wang et al. 2020 (GraSP); Tanaka et al. 2020 (SynFlow); Rachwan et
al. 2022 (CroP); Verdenius et al. 2020 (SNAP); Molchanov et al. 2019 (Taylor); He et al. 2019
(FPGM); Li et al. 2017 (L1); Hu et al. 2016 (fire rate).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.references.networks import (
    Array,
    Network,
    backward,
    cross_entropy_slope,
    forward,
    layers_of,
)

STEP = 1e-6  # of the numeric derivative along the gradient


def weight_scores(
    network: Network, x: Array, labels: NDArray[np.int64]
) -> dict[str, dict[str, Array]]:
    """Return {criterion: {weight: scores}}."""
    names = [f"{name}.weight" for name in layers_of(network)]
    slopes = gradient(network, x, labels)
    snip = {name: np.abs(slopes[name] * network[name]) for name in names}
    total = sum(score.sum() for score in snip.values())
    flow = hessian_gradient(network, lambda moved: gradient(moved, x, labels))
    cool = hessian_gradient(network, lambda moved: gradient(moved, x, labels, temperature=200.0))
    grasp = {name: network[name] * cool[name] for name in names}
    norm = abs(sum(score.sum() for score in grasp.values()))
    positive = {name: np.abs(value) for name, value in network.items()}
    ones = np.ones_like(x[:1])
    paths, _ = backward(positive, ones, np.ones_like(forward(positive, ones)[0]))
    return {
        "snip": {name: score / total for name, score in snip.items()},
        "grasp": {name: score / norm for name, score in grasp.items()},
        "synflow": {name: positive[name] * paths[name] for name in names},
        "crop": {name: np.abs(network[name] * flow[name]) for name in names},
    }


def gradient(
    network: Network, x: Array, labels: NDArray[np.int64], temperature: float = 1.0
) -> Network:
    """Return the derivative of the loss by all weights (not biases); logits / temperature."""
    logits, _, _ = forward(network, x)
    slope = cross_entropy_slope(logits / temperature, labels) / temperature
    slopes, _ = backward(network, x, slope)
    return {name: value for name, value in slopes.items() if name.endswith(".weight")}


def hessian_gradient(network: Network, gradient_at: Callable[[Network], Network]) -> Network:
    """Return the Hessian times the gradient: how the gradient changes along itself."""
    along = gradient_at(network)
    step = STEP / max(float(np.abs(value).max()) for value in along.values())
    ahead, behind = (
        gradient_at(network | {n: network[n] + sign * step * along[n] for n in along})
        for sign in (1, -1)
    )
    return {name: (ahead[name] - behind[name]) / (2 * step) for name in along}


def neuron_scores(
    network: Network, x: Array, labels: NDArray[np.int64]
) -> dict[str, dict[str, Array]]:
    """Return {criterion: {layer: scores}} of the hidden layers."""
    logits, _, outputs = forward(network, x)
    slopes, of_outputs = backward(network, x, cross_entropy_slope(logits, labels))
    found: dict[str, dict[str, Array]] = {
        name: {} for name in ("snap", "taylor", "fpgm", "l1", "fire_rate")
    }
    for layer in layers_of(network)[:-1]:
        weight, output = network[f"{layer}.weight"], outputs[layer]
        change = slopes[f"{layer}.weight"] * weight
        neurons = range(len(weight))
        rows = {
            "snap": [abs((of_outputs[layer] * output)[:, j].sum()) for j in neurons],
            "taylor": [change[j].sum() ** 2 for j in neurons],
            "fpgm": [
                sum(np.sqrt(((weight[j] - weight[i]) ** 2).sum()) for i in neurons) for j in neurons
            ],
            "l1": [np.abs(weight[j]).sum() for j in neurons],
            "fire_rate": [(output[:, j] > 0).mean() for j in neurons],
        }
        for name, values in rows.items():
            found[name][layer] = np.array(values)
    return found
