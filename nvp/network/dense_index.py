"""Where the entries of a shrunk network's parameters were in the dense network.

Noise and pruning rates are drawn and counted for the dense network, so that a run that removes its
masked neurons equals one that only masks them.
"""

import math
from dataclasses import dataclass, field

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import columns_at_positions, find_groups


@dataclass(frozen=True)
class DenseIndex:
    """Where the entries of a parameter were in the dense one.

    Attributes:
        shape: of the dense parameter.
        present: {dimension: the indices along it that are still there} of those that lost some.
    """

    shape: tuple[int, ...]
    present: dict[int, Int64[Tensor, "p"]] = field(default_factory=dict)

    @property
    def numel(self) -> int:
        """Return the number of entries of the dense parameter."""
        return math.prod(self.shape)

    @property
    def whole(self) -> bool:
        """Return whether nothing was removed."""
        return not self.present

    def select(self, dense: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """Return the entries of a tensor of the dense shape that are still present."""
        for dim, index in self.present.items():
            dense = dense.index_select(dim, index)
        return dense

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
    present = model.find_present() if isinstance(model, Adopted) else find_own_present(model)
    found = {}
    for name, parameter in model.named_parameters():
        shape, kept = list(parameter.shape), {}
        for dim in range(parameter.dim()):
            if (name, dim) in present:
                shape[dim], index = present[name, dim]
                kept[dim] = index.to(parameter.device)
        found[name] = DenseIndex(tuple(shape), kept)
    return found


def find_own_present(model: nn.Module) -> dict[tuple[str, int], tuple[int, Tensor]]:
    """Return {(name, dimension): (dense size, entries still there)} of those that lost some.

    Args:
        model: built of `NeuronLayer`, with `reads`.
    """
    found = {}
    for group in find_groups(model).values():
        for slots in group.slots if len(group.keep) < group.dense else ():
            # a linear map after a flattened convolution has several columns for each neuron
            positions = len(slots.entries) // len(group.keep)
            entries = columns_at_positions(group.origin, positions)
            found[slots.name, slots.dim] = positions * group.dense, entries
    return found
