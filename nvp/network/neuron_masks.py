"""Masking neurons: they are silent, and every weight that touches them stays exactly 0.

Masking a unit clears the keep bit in each layer of its group and zeroes its weights, bias, norm
scale and shift, the columns of the weights that read it, and their optimizer moments. Gradients
there are 0 from then on, so no optimizer step, decay or momentum moves them.
"""

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.groups import find_readers, input_columns, maskable_layers, prunable_groups
from nvp.network.weight_masks import parameter_masks


def mask_units(
    model: nn.Module, optimizer: Optimizer, group: str, index: Int64[Tensor, "k"]
) -> None:
    """Mask the units `index` of a group for good. Changes `model` and `optimizer`."""
    layers = maskable_layers(model)
    with torch.no_grad():
        for path in prunable_groups(model)[group]:
            layers[path].keep[index] = False
            for parameter in layers[path].own:
                zero_entries(parameter, optimizer, index, dim=0)
        width = len(layers[prunable_groups(model)[group][0]].keep)
        for affine in find_readers(model, group):
            columns = input_columns(affine, index, width)
            zero_entries(affine.weight, optimizer, columns, dim=1)


def zero_entries(parameter: Tensor, optimizer: Optimizer, index: Tensor, *, dim: int) -> None:
    """Set a parameter and its optimizer moments to 0 at `index` of `dim`."""
    moments = optimizer.state.get(parameter, {}).values()
    for tensor in (parameter, *moments):
        if isinstance(tensor, Tensor) and tensor.shape == parameter.shape:
            tensor.data.index_fill_(dim, index, 0)


def soften_units(model: nn.Module, group: str, index: Int64[Tensor, "k"]) -> None:
    """Silence units until `release_masks`. Changes `model`: weights and biases become 0.

    They may regrow from there.
    """
    layers = maskable_layers(model)
    with torch.no_grad():
        for path in prunable_groups(model)[group]:
            layers[path].keep[index] = False
            for parameter in layers[path].affine.parameters():
                parameter.index_fill_(0, index, 0)


def release_masks(model: nn.Module) -> None:
    """Keep every unit and weight again, as the soft schedules do. Changes `model`."""
    for layer in maskable_layers(model).values():
        layer.keep.fill_(True)
    for mask in parameter_masks(model).values():
        mask.fill_(True)
