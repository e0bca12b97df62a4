"""Origin: where the parameters of a shrunk network were in the dense one it was built as."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from nvp.network.neuron_layer import (
    NeuronLayer,
    at_positions,
    consumers,
    maskable_layers,
    prunable_groups,
)


@dataclass(frozen=True)
class Place:
    """Where the entries of a parameter were.

    Attributes:
        shape: of the dense parameter.
        rows: the indices of its dim 0 that are left; None = all.
        columns: the same of dim 1.
    """

    shape: tuple[int, ...]
    rows: Int64[Tensor, "r"] | None = None
    columns: Int64[Tensor, "c"] | None = None

    @property
    def numel(self) -> int:
        """Return the number of entries of the dense parameter."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Return whether nothing was removed."""
        return self.rows is None and self.columns is None

    def select(self, dense: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """Return what is left of a tensor of the dense shape."""
        left = dense if self.rows is None else dense[self.rows]
        return left if self.columns is None else left[:, self.columns]

    def expand(self, left: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """Return the dense tensor, 0 where something was removed."""
        if self.whole:
            return left
        flat = torch.arange(self.numel, device=left.device).view(self.shape)
        dense = left.new_zeros(self.numel)
        dense[self.select(flat).flatten()] = left.flatten()
        return dense.view(self.shape)


def places(model: nn.Module) -> dict[str, Place]:
    """Return {parameter name: where its entries were} of all parameters."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    layers = maskable_layers(model)
    writes = {names[p]: layer for layer in layers.values() for p in layer.own}
    reads: dict[str, NeuronLayer] = {}
    for group, paths in prunable_groups(model).items():
        reads |= {names[a.weight]: layers[paths[0]] for a in consumers(model, group)}
    return {
        name: place_of(parameter, writes.get(name), reads.get(name))
        for parameter, name in names.items()
    }


def place_of(parameter: Tensor, writer: NeuronLayer | None, source: NeuronLayer | None) -> Place:
    """Return the place of a parameter of `writer` whose columns read `source`."""
    shape, rows, columns = list(parameter.shape), None, None
    if writer is not None and len(writer.keep) < writer.dense:
        shape[0], rows = writer.dense, writer.origin
    if source is not None and len(source.keep) < source.dense:
        positions = shape[1] // len(source.keep)
        shape[1] = positions * source.dense
        columns = at_positions(source.origin, positions)
    return Place(tuple(shape), rows, columns)
