"""Vitality of one layer, from the definitions.

Source: Luo and Wu 2017 (entropy of spatial means); Wang et al. 2025 (NVI); Lu et al. 2019 (dead);
Sokar et al. 2023 (dormancy); Dufort-Labbe et al. 2024 (low variance); Roy and Vetterli 2007, Kumar
et al. 2021, Rudelson and Vershynin 2007 (ranks).
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def vitality(
    activation: Array, weight: Array, bn_weight: Array, bn_var: Array, bn_eps: float, bins: int
) -> dict[str, NDArray]:
    """Return every quantity of a layer.

    Args:
        activation: (images, neurons, *positions), after the activation function.
        weight: (neurons, fan_in).
        bn_weight: the scales of batch normalisation.
        bn_var: its running variances.
        bn_eps: what is added to them.
        bins: of the histograms.
    """
    maps = activation.reshape(*activation.shape[:2], -1)
    neurons = range(maps.shape[1])
    means = maps.mean(2)
    bits = np.array([entropy_bits(means[:, j], edges(means, bins)) for j in neurons])
    mean_abs = np.array([np.abs(maps[:, j]).mean() for j in neurons])
    variance = np.array([((means[:, j] - means[:, j].mean()) ** 2).mean() for j in neurons])
    raw = np.array([math.sqrt((weight[j] ** 2).sum()) for j in neurons])
    folded = np.array([raw[j] * abs(bn_weight[j]) / math.sqrt(bn_var[j] + bn_eps) for j in neurons])
    dormancy = mean_abs / (sum(mean_abs) / len(mean_abs) + 1e-9)
    never = np.array([maps[:, j].max() <= 0 for j in neurons])
    return {
        "entropy_bits": bits,
        "entropy": bits / math.log2(bins),
        "nvi_raw": bits / math.log2(bins) * raw / raw.mean(),
        "nvi_folded": bits / math.log2(bins) * folded / folded.mean(),
        "fire_rate": np.array([(maps[:, j] > 0).mean() for j in neurons]),
        "mean_abs": mean_abs,
        "dormancy": dormancy,
        "dead": never,
        "negative_side": never,
        "rare": np.array([(maps[:, j] > 0).mean() < 0.01 for j in neurons]),
        "dormant_0025": dormancy <= 0.025,
        "dormant_01": dormancy <= 0.1,
        "low_variance": variance <= 0.01 * variance.mean(),
    } | ranks(means)


def edges(means: Array, bins: int) -> list[float]:
    """Return the edges of a layer's bins: equally far from the 0.1 % to the 99.9 % quantile."""
    low, high = (interpolated_quantile(sorted(means.flatten()), q) for q in (0.001, 0.999))
    return [low + (high - low) * k / bins for k in range(bins + 1)]


def interpolated_quantile(ordered: list[float], q: float) -> float:
    """Return the quantile q; between two values it is as far from them as its rank."""
    rank = q * (len(ordered) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])


def entropy_bits(values: Array, edges: list[float]) -> float:
    """Return the Shannon entropy of the histogram, in bits; what is outside is in the end bins."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        k = sum(value >= edge for edge in edges[1:-1])
        counts[k] += 1
    shares = [count / len(values) for count in counts if count]
    return -sum(p * math.log2(p) for p in shares) + 0.0


def ranks(means: Array) -> dict[str, NDArray]:
    """Return the three ranks of the uncentred matrix of spatial means."""
    sigma = np.linalg.svd(means, compute_uv=False)
    shares = [float(s / sigma.sum()) for s in sigma]
    held, k = 0.0, 0
    while held < 0.99:
        held += shares[k]
        k += 1
    return {
        "effective_rank": np.array(math.exp(-sum(p * math.log(p) for p in shares if p > 0))),
        "srank_001": np.array(k),
        "stable_rank": np.array((sigma**2).sum() / sigma.max() ** 2),
    }


def duplicates(means: Array, threshold: float) -> tuple[list[bool], list[bool]]:
    """Return which columns correlate above the threshold with an earlier one, and which are fixed.

    Args:
        means: (images, neurons).
        threshold: a correlation.
    """
    columns = [[float(value) for value in column] for column in means.T]
    constant = [len(set(column)) == 1 for column in columns]
    found = [
        any(
            not constant[j] and not constant[k] and correlation(columns[j], columns[k]) > threshold
            for k in range(j)
        )
        for j in range(len(columns))
    ]
    return found, constant


def correlation(one: list[float], other: list[float]) -> float:
    """Return Pearson's correlation of two lists that both vary."""
    mean, other_mean = sum(one) / len(one), sum(other) / len(other)
    pairs = [(a - mean, b - other_mean) for a, b in zip(one, other, strict=True)]
    size = math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
    return sum(a * b for a, b in pairs) / size


def gradient_magnitudes(
    inputs: Array, labels: list[int], weight: Array, bias: Array, head: Array, shift: Array
) -> tuple[list[float], list[float]]:
    """Return E_x |dL_x/dy_j| and the mean over k of |dL/dW_jk| of a hidden ReLU layer, by hand.

    Args:
        inputs: (images, inputs).
        labels: of the images.
        weight: (neurons, inputs), of the hidden layer.
        bias: its biases.
        head: (classes, neurons), of the output layer.
        shift: its biases.
    """
    neurons, images = range(len(weight)), len(inputs)
    of_outputs = [0.0 for _ in neurons]
    of_weights = np.zeros_like(weight)
    for x, label in zip(inputs, labels, strict=True):
        z = weight @ x + bias
        logits = head @ np.maximum(z, 0) + shift
        share = np.exp(logits - logits.max())
        share = share / share.sum()
        share[label] -= 1
        for j in neurons:
            slope = sum(share[k] * head[k, j] for k in range(len(head)))
            of_outputs[j] += abs(slope) / images
            of_weights[j] += slope * (z[j] > 0) * x / images
    return of_outputs, [np.abs(of_weights[j]).mean() for j in neurons]
