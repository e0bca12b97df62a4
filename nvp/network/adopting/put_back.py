"""Changes of a network for the time of a forward pass: other values, masks, removals."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from nvp.network.adopting.inventory import Inventory
from nvp.network.adopting.removing import Place, remove_entries


@contextmanager
def put_back(inventory: Inventory, names: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """Yield some parameters and buffers, whose data and gradients are put back afterwards.

    The memory of the old data is kept and nothing is copied.
    """
    tensors = {name: inventory[name] for name in names}
    before = [(tensor, tensor.data, tensor.grad) for tensor in tensors.values()]
    try:
        yield tensors
    finally:
        for tensor, data, gradient in before:
            tensor.grad = None
            tensor.data = data
            tensor.grad = gradient


@contextmanager
def replaced_data(
    inventory: Inventory, makers: Mapping[str, Callable[[Tensor], Tensor]]
) -> Iterator[None]:
    """Give some parameters other values for a while: {name: from the old data to the new}."""
    with put_back(inventory, makers) as tensors:
        for name, tensor in tensors.items():
            tensor.data = makers[name](tensor.data)
        yield


@contextmanager
def masked(inventory: Inventory, gone: Mapping[Place, Tensor]) -> Iterator[None]:
    """Set entries of parameters to 0 for a while."""
    names = {name for name, _ in gone if name in inventory.parameters}
    with put_back(inventory, names) as tensors:
        for tensor in tensors.values():
            tensor.data = tensor.data.clone()
        for (name, dim), entries in gone.items():
            if name in tensors:
                tensors[name].data.index_fill_(dim, entries.to(tensors[name].device), 0)
        yield


@contextmanager
def removed(inventory: Inventory, gone: Mapping[Place, Tensor]) -> Iterator[None]:
    """Remove entries of parameters and buffers for a while, and what modules say of their size."""
    names = {name for name, _ in gone}
    changed = {module for name in names for module in inventory.holders[name]}
    sizes = [(module, dict(vars(module))) for module in changed]
    with put_back(inventory, names), torch.no_grad():
        try:
            remove_entries(inventory, dict(gone))
            yield
        finally:
            for module, attributes in sizes:
                for key, value in attributes.items():
                    if isinstance(value, int | tuple) and vars(module)[key] is not value:
                        vars(module)[key] = value
