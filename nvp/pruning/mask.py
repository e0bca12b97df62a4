"""Masking: silence neurons, and keep every weight that touches them at exactly 0.

Masking a unit clears the keep bit in each layer of its group and zeroes its weights, bias, norm
scale and shift, the columns of the weights that read it, and their optimizer moments. Gradients
there are 0 from then on, so no optimizer step, decay or momentum moves them.
"""

import torch
from jaxtyping import Bool, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.neurons import consumers, maskable_layers, prunable_groups


def mask_units(
    model: nn.Module, optimizer: Optimizer, group: str, index: Int64[Tensor, "k"]
) -> None:
    """Mask the units `index` of a group, for good. Changes `model` and `optimizer`."""
    layers = maskable_layers(model)
    with torch.no_grad():
        for path in prunable_groups(model)[group]:
            layers[path].keep[index] = False
            for parameter in layers[path].own:
                zero(parameter, optimizer, index, dim=0)
        width = len(layers[prunable_groups(model)[group][0]].keep)
        for affine in consumers(model, group):
            columns = input_columns(affine, index, width)
            zero(affine.weight, optimizer, columns, dim=1)


def input_columns(
    affine: nn.Conv2d | nn.Linear, index: Int64[Tensor, "k"], width: int
) -> Int64[Tensor, "c"]:
    """Return the columns of a weight that read the units `index` of a group of `width` units.

    A linear map after a flattened convolution reads each channel at every position.
    """
    positions = affine.weight.shape[1] // width
    offsets = torch.arange(positions, device=index.device)
    return (index.unsqueeze(1) * positions + offsets).flatten()


def zero(parameter: Tensor, optimizer: Optimizer, index: Tensor, *, dim: int) -> None:
    """Set a parameter and its optimizer moments to 0 at `index` of `dim`."""
    moments = optimizer.state.get(parameter, {}).values()
    for tensor in (parameter, *moments):
        if isinstance(tensor, Tensor) and tensor.shape == parameter.shape:
            tensor.data.index_fill_(dim, index, 0)


def soften_units(model: nn.Module, group: str, index: Int64[Tensor, "k"]) -> None:
    """Silence the units until `release`, with weights and biases 0 that may regrow from there."""
    layers = maskable_layers(model)
    with torch.no_grad():
        for path in prunable_groups(model)[group]:
            layers[path].keep[index] = False
            for parameter in layers[path].affine.parameters():
                parameter.index_fill_(0, index, 0)


def release(model: nn.Module) -> None:
    """Keep every unit again: the soft schedule trains them all."""
    for layer in maskable_layers(model).values():
        layer.keep.fill_(True)


def live_weights(model: nn.Module) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where it belongs to the network that is left}."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    live = {name: torch.ones_like(p, dtype=torch.bool) for name, p in model.named_parameters()}
    layers = maskable_layers(model)
    for group, paths in prunable_groups(model).items():
        keep = layers[paths[0]].keep
        masked = (~keep).nonzero().flatten()
        for path in paths:
            for parameter in layers[path].own:
                live[names[parameter]][masked] = False
        for affine in consumers(model, group):
            live[names[affine.weight]][:, input_columns(affine, masked, len(keep))] = False
    return live
