"""Where the entries of a shrunk network's parameters were in the dense network.

Noise and pruning rates are drawn and counted for the dense network, so that a run that removes its
masked neurons equals one that only masks them.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from nvp.network.groups import columns_at_positions, find_readers, maskable_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer


@dataclass(frozen=True)
class DenseIndex:
    """Where the entries of a parameter were in the dense one.

    Attributes:
        shape: of the dense parameter.
        rows: the indices of its dim 0 that are still present; None = all.
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
        """Return the entries of a tensor of the dense shape that are still present."""
        kept = dense if self.rows is None else dense[self.rows]
        return kept if self.columns is None else kept[:, self.columns]

    def expand(self, present: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """Return the dense tensor, 0 where something was removed."""
        if self.whole:
            return present
        # the positions of the present entries in the flattened dense tensor
        positions = self.select(torch.arange(self.numel, device=present.device).view(self.shape))
        dense = present.new_zeros(self.numel)
        dense[positions.flatten()] = present.flatten()
        return dense.view(self.shape)


def dense_indices(model: nn.Module) -> dict[str, DenseIndex]:
    """Return {parameter name: where its entries were in the dense network} of all parameters."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    layers = maskable_layers(model)
    writes = {names[p]: layer for layer in layers.values() for p in layer.own}
    reads: dict[str, NeuronLayer] = {}
    for group, paths in prunable_groups(model).items():
        reads |= {names[a.weight]: layers[paths[0]] for a in find_readers(model, group)}
    return {
        name: make_dense_index(parameter, writes.get(name), reads.get(name))
        for parameter, name in names.items()
    }


def make_dense_index(
    parameter: Tensor, writer: NeuronLayer | None, source: NeuronLayer | None
) -> DenseIndex:
    """Return the index of a parameter of the layer `writer` whose columns read `source`."""
    shape, rows, columns = list(parameter.shape), None, None
    if writer is not None and len(writer.keep) < writer.dense:
        shape[0], rows = writer.dense, writer.origin
    if source is not None and len(source.keep) < source.dense:
        positions = shape[1] // len(source.keep)
        shape[1] = positions * source.dense
        columns = columns_at_positions(source.origin, positions)
    return DenseIndex(tuple(shape), rows, columns)
