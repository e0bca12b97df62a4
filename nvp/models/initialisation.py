"""The initial weights by a law, `model.init`, and the initial bias of neurons, `model.init_bias`.

A law is of the weights of all convolutions and linear maps, the classifier's too, whatever the
activation; their biases become 0, except by torch's law. Other weights stay: scales of norms,
embeddings, the joint projection of torch's MultiheadAttention, transposed convolutions, frozen
ones. Power is E z^2 of a ReLU network's maps, from layer to layer.

| law | Var(w) | power, a layer |
|---|---|---|
| torch: U(+-1/sqrt(fan_in)), biases too | 1 / (3 fan_in) | x 1/6, + 1/(3 fan_in) of biases |
| kaiming: U(+-sqrt(6/fan_in)) | 2 / fan_in | x 1 |
| xavier: U(+-sqrt(6/(fan_in+fan_out))) | 2 / (fan_in + fan_out) | x 1/2 at equal widths |
| orthogonal: sqrt(2) x orthonormal rows or columns | 2 / max(fan_in, rows) | x 1 at equal widths |

fan_in of a convolution is channels times positions of its kernel, rows are its own channels.
Sources: He et al., 2015; Glorot & Bengio, 2010; Saxe et al., 2014.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from nvp.config.sections.model import OWN_BIAS
from nvp.config.trial_config import ModelConfig
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import own_neurons

MAPS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
LAWS: dict[str, Callable[[Tensor], object]] = {
    "kaiming": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
    "xavier": nn.init.xavier_uniform_,
    "orthogonal": partial(nn.init.orthogonal_, gain=math.sqrt(2)),
}


def initialise(model: nn.Module, config: ModelConfig) -> None:
    """Draw weights anew by `config.init` and set biases by `config.init_bias`. Changes `model`.

    Draws from torch's global stream. Without either, and with weights of a file, nothing happens.

    Raises:
        ValueError: the network has no weight, or no bias, that this is of.
    """
    if config.weights:
        return
    if config.init:
        draw_weights(model, config.init)
    if config.init_bias != OWN_BIAS:
        set_biases(model, config.init_bias)


def draw_weights(model: nn.Module, law: str) -> None:
    """Draw the weights of all maps by a law, and set their biases as it says. Changes `model`."""
    maps = [m for m in model.modules() if isinstance(m, MAPS) and is_drawn(m)]
    if not maps:
        raise ValueError(
            f"model.init: expected a network with convolutions or linear maps that are trained, "
            f"got {law} for one with none: leave model.init out"
        )
    for module in maps:
        if law == "torch":
            module.reset_parameters()
            continue
        LAWS[law](module.weight.data)
        if module.bias is not None:
            module.bias.data.zero_()


def is_drawn(module: nn.Module) -> bool:
    """Whether a map has a weight of its own, which is trained and not computed from others."""
    weight = module._parameters.get("weight")
    return weight is not None and weight.requires_grad


def set_biases(model: nn.Module, value: float) -> None:
    """Set the bias of every neuron: what is added last before its activation. Changes `model`."""
    biases = find_adopted_biases(model) if isinstance(model, Adopted) else find_own_biases(model)
    if not biases:
        raise ValueError(
            f"model.init_bias: expected a network whose neurons have biases, got {value:g} for one "
            "without any: leave model.init_bias out"
        )
    with torch.no_grad():
        for bias, rows in biases:
            bias[rows] = value


def find_own_biases(model: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Return [(bias, the entries that are of neurons)] of a network of `NeuronLayer`."""
    found = []
    for layer in own_neurons(model).values():
        module = layer.affine if isinstance(layer.norm, nn.Identity) else layer.norm
        if isinstance(bias := module._parameters.get("bias"), Tensor):
            found.append((bias, torch.arange(len(bias))))
    return found


def find_adopted_biases(model: Adopted) -> list[tuple[Tensor, Tensor]]:
    """Return [(bias, the entries that are of neurons)] of an adopted network."""
    found = []
    for site in model.anatomy.layers.values():
        path = site.norm or site.weight.rpartition(".")[0]
        if not (site.norm or site.weight):
            continue
        bias = model.module.get_submodule(path)._parameters.get("bias")
        if isinstance(bias, Tensor):
            found.append((bias, torch.arange(len(bias)) if site.norm else site.rows))
    return found
