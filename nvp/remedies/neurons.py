"""The neurons that a remedy may reset, and all entries of parameters that belong to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.network.adopting.anatomy import Slots
from nvp.network.group import Group
from nvp.network.groups import Layer, find_groups, neuron_layers


@dataclass(frozen=True)
class ResettableLayer:
    """A layer whose neurons can be reset; each is a unit of the layer's group.

    Attributes:
        path: of the layer.
        layer: the layer.
        group: its units, and all that reads them.
    """

    path: str
    layer: Layer
    group: Group

    @property
    def keep(self) -> Bool[Tensor, "f"]:
        """Return which neurons are not masked; only these are ever reset."""
        return self.group.keep

    @cached_property
    def readers(self) -> list[Slots]:
        """Return the entries of weights through which its neurons are read."""
        return [slots for slots in self.group.slots if slots.reads]

    @cached_property
    def makers(self) -> list[Slots]:
        """Return the entries of parameters and statistics that make its neurons."""
        return [slots for slots in self.group.slots if not slots.reads]


def find_resettable(model: nn.Module) -> dict[str, ResettableLayer]:
    """Return {path: layer} of the layers whose neurons can be reset.

    These are the layers whose readers are all known and whose neurons are its group's units, one by
    one. A channel of a residual stream has several makers and is left alone. So are neurons that
    are only removed several at once, and a layer that is called twice.
    """
    layers, found = neuron_layers(model), {}
    for group in find_groups(model, "internal").values():
        if group.removable and group.aligned and len(group.layers) == len(group.scored) == 1:
            path = group.layers[0]
            found[path] = ResettableLayer(path, layers[path], group)
    return found


def is_relu(layer: Layer) -> bool:
    """Whether a layer's neurons put out exactly 0 where they do not fire."""
    return isinstance(layer.activation, nn.ReLU | nn.ReLU6)


def mean_of_neurons(output: Float[Tensor, "n f ..."]) -> Float[Tensor, "f"]:
    """Return the mean over images and positions, at least in float32."""
    wide = output.to(torch.promote_types(output.dtype, torch.float32))
    return wide.transpose(0, 1).flatten(1).mean(1)


def sum_outgoing(layer: ResettableLayer, parameters: Mapping[str, Tensor]) -> Float[Tensor, "f"]:
    """Return the sum of the |weights| that read each neuron."""
    total = torch.zeros(len(layer.keep), device=layer.keep.device)
    for slots in layer.readers:
        rows = parameters[slots.name].detach().abs().movedim(slots.dim, 0).flatten(1)
        total.index_add_(0, slots.units, rows.sum(1)[slots.entries].float())
    return total


def count_outgoing(layer: ResettableLayer, parameters: Mapping[str, Tensor]) -> Float[Tensor, "f"]:
    """Return the number of weights that read each neuron."""
    total = torch.zeros(len(layer.keep), device=layer.keep.device)
    for slots in layer.readers:
        weight = parameters[slots.name]
        each = weight.numel() // weight.shape[slots.dim]
        total.index_add_(0, slots.units, torch.full_like(slots.units, each).float())
    return total


def average_incoming(
    layer: ResettableLayer, parameters: Mapping[str, Tensor]
) -> Float[Tensor, "f"]:
    """Return the mean |weight| of each neuron's incoming weights, at least 1e-12."""
    found = torch.zeros(len(layer.keep), device=layer.keep.device)
    for slots in layer.makers:
        if slots.name in parameters and parameters[slots.name].dim() > 1:
            rows = parameters[slots.name].detach().abs().movedim(slots.dim, 0).flatten(1)
            found[slots.units] = rows.mean(1)[slots.entries].float()
    return found.clamp(min=1e-12)
