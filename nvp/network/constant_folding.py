"""Folding neurons with a constant output into the biases of the layers that read them.

A neuron whose incoming weights are all zero has a constant output. It adds the same number to a
linear map, or to a convolution without padding, for every image and position. That number is added
to the bias of its reader. Only a network that is trained no further can be folded, because the next
step would give the neuron weights again.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from nvp.network.groups import find_readers, input_columns, own_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.norms import PER_NEURON


def fold_constants(model: nn.Module) -> dict[str, int]:
    """Fold and mask constant neurons, front to back. Changes the model, but not its output.

    Three kinds of neurons are skipped: channels of a stream, because they are sums over several
    layers, neurons that a padded convolution reads, because it sees 0 beyond the border, and those
    of a norm that mixes neurons, because the others change what they put out.

    Args:
        model: in eval mode; between a layer and its readers there may be pooling and dropout.

    Returns:
        {path of a layer: how many of its neurons were folded}.
    """
    layers, folded = own_layers(model), {}
    for path in prunable_groups(model, "internal"):
        if not isinstance(layers[path].norm, PER_NEURON):
            continue
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
    """Return whether a map pads its input with zeros."""
    return isinstance(affine, nn.Conv2d) and affine.padding != (0, 0)


def compute_constants(layer: NeuronLayer) -> Float[Tensor, "f o"]:
    """Return the outputs that each neuron has when its incoming weights are all 0."""
    bias = layer.affine.bias
    before = layer.weight.new_zeros(len(layer.keep)) if bias is None else bias.detach().clone()
    shape = (1, -1, *[1] * (layer.weight.dim() - 2))
    with torch.no_grad():
        return layer.activation(layer.norm(before.view(shape))).view(len(layer.keep), -1)


def absorb_constants(
    affine: nn.Conv2d | nn.Linear,
    index: Int64[Tensor, "k"],
    values: Float[Tensor, "k o"],
    width: int,
) -> None:
    """Move the constants of the neurons `index` of `width` into a map's bias. Changes `affine`.

    The columns that read these neurons become 0.
    """
    columns = input_columns(affine, index, width)
    weight = affine.weight.detach()[:, columns].double()
    weight = weight.sum((2, 3)) if isinstance(affine, nn.Conv2d) else weight
    # a linear map after a flattened convolution has several columns for each output, side by side
    shift = weight @ values.double().flatten().repeat_interleave(len(columns) // values.numel())
    if affine.bias is None:
        affine.bias = nn.Parameter(affine.weight.new_zeros(len(affine.weight)))
    affine.bias.data = (affine.bias.detach().double() + shift).to(affine.weight.dtype)
    affine.weight.data[:, columns] = 0
