"""Write tests/golden/*.npz: `python -m tests.references.make_golden`, from the repository's root.

Small networks with random parameters, what they read, and what the references make of them. The
files are the same on every machine up to the last bits of float64.
"""

from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.references.criteria import neuron_scores, weight_scores
from tests.references.networks import Network
from tests.references.nn_relief import relieve_chain, relieve_residual
from tests.references.residual import ResidualNetwork
from tests.references.vitality import vitality

GOLDEN = Path(__file__).parents[1] / "golden"
MEAN, STD = np.array([0.4914, 0.4822, 0.4465]), np.array([0.2470, 0.2435, 0.2616])
ALPHA = {"alpha_conv": 0.9, "alpha_fc": 0.95}
LENET5 = {
    "feature_extractor.0": (4, 1, 5, 5),
    "feature_extractor.3": (10, 4, 5, 5),
    "classifier.0": (100, 40),
    "classifier.2": (10, 100),
}
LENET300 = {"classifier.0": (30, 100), "classifier.2": (20, 30), "classifier.4": (10, 20)}
SMALL = {
    "feature_extractor.0": (4, 1, 3, 3),
    "feature_extractor.3": (6, 4, 3, 3),
    "classifier.0": (12, 24),
    "classifier.2": (5, 12),
}


def chain(shapes: dict[str, tuple[int, ...]], rng: Generator) -> Network:
    """Return a network as `references.networks` has it; some neurons never fire."""
    network = {}
    *hidden, _ = shapes
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:]))
        network[f"{name}.weight"] = rng.normal(size=shape) * (2 / fan_in) ** 0.5
        network[f"{name}.bias"] = rng.normal(size=shape[0]) * 0.1
        if name in hidden:
            network[f"{name}.bias"][1::7] = -100.0
    return as_float32(network)


def as_float32(network: Network) -> Network:
    """Return values that float32 holds exactly."""
    return {name: value.astype(np.float32).astype(np.float64) for name, value in network.items()}


def residual(rng: Generator, width: int = 4, blocks: int = 2) -> ResidualNetwork:
    """Return a thin ResNet with three stages; some channels never fire."""
    network = {"conv1.weight": kernels(rng, width, 3), **norm(rng, "bn1", width)}
    fan_in = width
    for stage in range(3):
        filters = width * 2**stage
        for index in range(blocks):
            block = f"layer{stage + 1}.{index}"
            network[f"{block}.conv1.weight"] = kernels(rng, filters, fan_in)
            network |= norm(rng, f"{block}.bn1", filters)
            network[f"{block}.conv2.weight"] = kernels(rng, filters, filters)
            network |= norm(rng, f"{block}.bn2", filters)
            fan_in = filters
    network["linear.weight"] = rng.normal(size=(10, fan_in)) * 0.3
    network["linear.bias"] = rng.normal(size=10) * 0.1
    return as_float32(network)


def kernels(rng: Generator, filters: int, channels: int) -> NDArray[np.float64]:
    return rng.normal(size=(filters, channels, 3, 3)) * (2 / (9 * channels)) ** 0.5


def norm(rng: Generator, name: str, width: int) -> Network:
    """Return a batch norm; some channels are shifted out of sight, and some are almost silent."""
    weight, bias = 0.5 + rng.random(width), rng.normal(size=width) * 0.3
    weight[rng.random(width) < 0.15] *= 0.02
    bias[rng.random(width) < 0.1] = -50.0
    return {
        f"{name}.weight": weight,
        f"{name}.bias": bias,
        f"{name}.running_mean": rng.normal(size=width) * 0.2,
        f"{name}.running_var": 0.5 + rng.random(width),
    }


def save(name: str, **arrays: NDArray) -> None:
    np.savez_compressed(GOLDEN / name, **arrays)


def stored(network: Network) -> dict[str, NDArray]:
    return {f"param:{name}": value.astype(np.float32) for name, value in network.items()}


def make_nn_relief() -> None:
    for name, shapes, side in (("lenet5", LENET5, 20), ("lenet300-100", LENET300, 10)):
        rng = np.random.default_rng(7)
        network, images = chain(shapes, rng), rng.integers(0, 256, (40, side, side), np.uint8)
        x = images[:, None] / 255
        masks = relieve_chain(network, x, **ALPHA)
        named = {f"mask:{key}": mask for key, mask in masks.items()}
        save(f"nnrelief_{name}_small", images=images, **arrays(ALPHA), **stored(network), **named)
    rng = np.random.default_rng(8)
    network, images = residual(rng), rng.integers(0, 256, (16, 3, 12, 12), np.uint8)
    alpha = ALPHA | {"alpha_fc": 0.99, "alpha_conv": 0.95}
    x = (images / 255 - MEAN[:, None, None]) / STD[:, None, None]
    named = {f"mask:{key}": mask for key, mask in relieve_residual(network, x, **alpha).items()}
    late = {"stem_is_late": np.array(False)}  # as the paper has it
    save(
        "nnrelief_resnet14_small",
        images=images,
        **arrays(alpha),
        **late,
        **stored(network),
        **named,
    )


def arrays(values: dict[str, float]) -> dict[str, NDArray]:
    return {name: np.array(value) for name, value in values.items()}


def make_criteria() -> None:
    rng = np.random.default_rng(9)
    network, images = chain(SMALL, rng), rng.integers(0, 256, (24, 14, 14), np.uint8)
    labels, x = rng.integers(0, 5, 24), images[:, None] / 255
    found = {}
    for kind, scores in (
        ("score", weight_scores(network, x, labels)),
        ("neuron", neuron_scores(network, x, labels)),
    ):
        for criterion, by_name in scores.items():
            found |= {f"{kind}:{criterion}:{name}": value for name, value in by_name.items()}
    save(
        "criteria_small", images=images, labels=labels.astype(np.uint8), **stored(network), **found
    )


def make_vitality() -> None:
    acts = {
        "relu": lambda z: np.maximum(z, 0),
        "leaky": lambda z: np.where(z > 0, z, 0.05 * z),
        "silu": lambda z: z / (1 + np.exp(-z)),
    }
    for kind, act, shape in (
        ("conv", "relu", (150, 8, 3, 3)),
        ("conv", "leaky", (150, 8, 3, 3)),
        ("linear", "relu", (300, 12)),
        ("linear", "silu", (300, 12)),
    ):
        rng = np.random.default_rng(10)
        neurons, spread = shape[1], (1, shape[1], *[1] * (len(shape) - 2))
        z = rng.normal(size=shape) * rng.random(spread) * 2 + rng.normal(size=spread)
        z[:, 0] = -9.0 - rng.random(z[:, 0].shape)  # silent, or on its negative side
        z[:, 1] = 0.5  # constant
        z[1:, 2] = -1.0  # fires for one image at the most
        activation = acts[act](z).astype(np.float32)
        parts = {
            "weight": rng.normal(size=(neurons, 6)).astype(np.float32),
            "bn_weight": rng.normal(size=neurons).astype(np.float32),
            "bn_var": (0.1 + rng.random(neurons)).astype(np.float32),
        }
        exact = {name: value.astype(np.float64) for name, value in parts.items()}
        found = vitality(activation.astype(np.float64), **exact, bn_eps=1e-5, bins=16)
        given = {"bn_eps": np.array(1e-5), "act": np.array(act), "bins": np.array(16)}
        save(f"vitality_{kind}_{act}_small", activation=activation, **parts, **given, **found)


def make_all() -> None:
    make_nn_relief()
    make_criteria()
    make_vitality()


if __name__ == "__main__":
    make_all()
