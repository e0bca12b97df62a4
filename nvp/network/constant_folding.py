"""Folding: a neuron that says the same whatever it sees is a bias of those who listen.

Its incoming weights are all exactly 0. What it adds to a linear map, or to a convolution without
padding, is the same for every image and position. Only for a network that is trained no further:
the next step would give the neuron weights again.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from nvp.network.groups import find_readers, input_columns, maskable_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer


def fold_constants(model: nn.Module) -> dict[str, int]:
    """Fold and mask constant neurons, front to back. Changes the model, but not what it computes.

    Streams are left alone: their channels are sums. So is what a padded convolution reads, for
    which the border is no constant.

    Args:
        model: in eval mode; between a layer and its readers there may be pooling and dropout.

    Returns:
        {path of a layer: how many of its neurons were folded}.
    """
    layers, folded = maskable_layers(model), {}
    for path in prunable_groups(model, "internal"):
        index = find_constant(layers[path]).nonzero().flatten()
        affines = find_readers(model, path)
        if len(index) and affines and not any(has_padding(affine) for affine in affines):
            values = compute_constants(layers[path])[index]
            for affine in affines:
                absorb_constants(affine, index, values, len(layers[path].keep))
            layers[path].keep[index] = False
            folded[path] = len(index)
    return folded


def find_constant(layer: NeuronLayer) -> Bool[Tensor, "f"]:
    """Return which kept neurons have no incoming weight but 0."""
    return layer.keep & ~(layer.weight != 0).flatten(1).any(1)


def has_padding(affine: nn.Conv2d | nn.Linear) -> bool:
    """Return whether a map sees zeros beyond a border."""
    return isinstance(affine, nn.Conv2d) and affine.padding != (0, 0)


def compute_constants(layer: NeuronLayer) -> Float[Tensor, "f"]:
    """Return what each neuron puts out when its incoming weights are 0."""
    bias = layer.affine.bias
    before = layer.weight.new_zeros(len(layer.keep)) if bias is None else bias.detach().clone()
    shape = (1, -1, *[1] * (layer.weight.dim() - 2))
    with torch.no_grad():
        return layer.activation(layer.norm(before.view(shape))).flatten()


def absorb_constants(
    affine: nn.Conv2d | nn.Linear, index: Int64[Tensor, "k"], values: Float[Tensor, "k"], width: int
) -> None:
    """Add to a map's bias what the neurons `index` of `width` give it, and read them no more."""
    columns = input_columns(affine, index, width)
    weight = affine.weight.detach()[:, columns].double()
    weight = weight.sum((2, 3)) if isinstance(affine, nn.Conv2d) else weight
    shift = weight @ values.double().repeat_interleave(len(columns) // len(index))
    if affine.bias is None:
        affine.bias = nn.Parameter(affine.weight.new_zeros(len(affine.weight)))
    affine.bias.data = (affine.bias.detach().double() + shift).to(affine.weight.dtype)
    affine.weight.data[:, columns] = 0
