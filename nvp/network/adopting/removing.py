"""Removing units physically: their entries leave parameters, moments, buffers and sizes.

Parameters stay the same objects, so an optimizer goes on with them.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils import _pytree as pytree

from nvp.network.adopting.anatomy import Slots
from nvp.network.adopting.inventory import Inventory, take_inventory
from nvp.network.adopting.sizes import set_sizes
from nvp.network.entries import keep_entries, take_entries

Place = tuple[str, int]  # the name of a tensor, and one of its dimensions


def remove_slots(
    network: nn.Module,
    slots: tuple[Slots, ...],
    stay: Int64[Tensor, "k"],
    optimizer: Optimizer | None = None,
) -> None:
    """Remove all but the units `stay` of a group. Changes the network and its optimizer.

    Args:
        network: the module that the names of `slots` are of.
        slots: of the group, as they are now.
        stay: indices of units; each tensor must keep an entry (`find_least` adds what is missing).
        optimizer: its moments of a parameter's shape lose the same entries.

    Raises:
        ValueError: the optimizer keeps state of another shape, or a tensor would be left empty.
    """
    gone = find_gone(slots, stay)
    tensors = take_inventory(network)
    refuse_empty(tensors, gone)
    if optimizer is not None:
        refuse_state(optimizer, [tensors[name] for name, _ in gone])
    remove_entries(tensors, gone, optimizer)


def find_gone(slots: Iterable[Slots], stay: Int64[Tensor, "k"]) -> dict[Place, Tensor]:
    """Return {place: the entries that go} when only the units `stay` stay."""
    gone: dict[Place, list[Tensor]] = defaultdict(list)
    for one in slots:
        gone[one.name, one.dim].append(one.entries[~torch.isin(one.units, stay)])
    joined = {place: torch.cat(entries) for place, entries in gone.items()}
    return {place: entries for place, entries in joined.items() if len(entries)}


def find_least(
    network: nn.Module, slots: tuple[Slots, ...], stay: Int64[Tensor, "k"]
) -> Int64[Tensor, "n"]:
    """Return the units `stay`, and as many more as it takes that no tensor is left empty.

    torch has no layers of width 0. A group may need more than one unit: where concatenated layers
    are one group, each of them must keep its own.
    """
    return add_missing(take_inventory(network).shapes, slots, stay)


def add_missing(
    shapes: dict[str, torch.Size], slots: tuple[Slots, ...], stay: Int64[Tensor, "k"]
) -> Int64[Tensor, "n"]:
    """Return what `find_least` returns, for tensors of these shapes."""
    for one in slots:
        whole = len(one.entries) == shapes[one.name][one.dim]
        if whole and not bool(torch.isin(one.units, stay).any()):
            stay = torch.cat([stay, one.units[:1]]).unique()
    return stay


def refuse_empty(tensors: Inventory, gone: dict[Place, Tensor]) -> None:
    """Raise a ValueError where a tensor would lose all of its entries."""
    for (name, dim), entries in gone.items():
        if len(entries) >= tensors[name].shape[dim]:
            raise ValueError(
                f"the removal would leave nothing of {name} (dimension {dim}): at least one unit "
                "of each layer must stay"
            )


def refuse_state(optimizer: Optimizer, tensors: list[Tensor]) -> None:
    """Raise a ValueError where an optimizer's state cannot be cut as its parameters are."""
    for tensor in tensors:
        for key, value in optimizer.state.get(tensor, {}).items():
            parts = [p for p in pytree.tree_leaves(value) if isinstance(p, Tensor)]
            odd = [p for p in parts if p.numel() > 1 and p.shape != tensor.shape]
            if odd:
                raise ValueError(
                    f"{type(optimizer).__name__} keeps {key!r} of shape {tuple(odd[0].shape)} for "
                    f"a parameter of shape {tuple(tensor.shape)}, which cannot be cut with it: "
                    "shrink with SGD, Adam, AdamW or another optimizer whose state has the shapes "
                    "of the parameters, or make a new optimizer after shrinking"
                )


def remove_entries(
    tensors: Inventory, gone: dict[Place, Tensor], optimizer: Optimizer | None = None
) -> None:
    """Remove entries of parameters and buffers, and set sizes. Changes network and optimizer."""
    changed: dict[nn.Module, None] = {}
    for (name, dim), entries in gone.items():
        tensor = tensors[name]
        there = torch.ones(tensor.shape[dim], dtype=torch.bool)
        there[entries] = False
        index = there.nonzero().flatten().to(tensor.device)
        if name in tensors.parameters:
            keep_entries(tensor, optimizer, index, dim=dim)
        else:
            tensor.data = take_entries(tensor.data, index, dim, like=tensor)
        changed |= dict.fromkeys(tensors.holders[name])
    for module in changed:
        set_sizes(module)
