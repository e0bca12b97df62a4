"""The slots of a network, numbered; which of them go together, and which must stay.

Slots are numbered from 1 on, along each dimension of each parameter and buffer. A view of a
parameter is recognised by its place in memory: its storage, offset and strides say which entries it
shows, so that nothing of a parameter's size is kept.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int, Int32
from torch import Tensor, nn

Numbers = Int[np.ndarray, "_"]  # of any length, also where several are arguments
Pairs = Int[np.ndarray, "2 p"]


@dataclass(frozen=True)
class Owner:
    """A parameter or buffer, and the first number of the slots along each of its dimensions."""

    name: str
    tensor: Tensor
    first: tuple[int, ...]


@dataclass(frozen=True)
class Axis:
    """One dimension of a parameter or buffer, and the numbers of the slots along it."""

    name: str
    dim: int
    first: int
    length: int


class SlotTable:
    """Numbers of slots, the pairs of them that go together, and why some of them must stay.

    Attributes:
        axes: the dimensions of all parameters and buffers, in the order of their numbers.
        size: one more than the greatest number so far; 0 is the number of no slot.
        pairs: arrays of two rows; the two slots of a column belong to one unit.
        flags: slots that cannot be removed, with the reason.
        makes: (name, dimension) of weights whose slots make units.
        reads: (name, dimension) of weights whose slots read units.
        sums: slots of units in which an addition joins the outputs of several maps.
        used: names of the parameters that took part in the forward pass.
    """

    def __init__(self, network: nn.Module) -> None:
        self.size = 1
        self.axes: list[Axis] = []
        self.owners: dict[str, Owner] = {}
        self.places: dict[int, list[Owner]] = defaultdict(list)
        self.pairs: list[Pairs] = []
        self.flags: list[tuple[Numbers, str]] = []
        self.makes: set[tuple[str, int]] = set()
        self.reads: set[tuple[str, int]] = set()
        self.sums: list[Numbers] = []
        self.used: set[str] = set()
        for name, tensor in floating_tensors(network):
            first = tuple(self.new_numbers(length) for length in tensor.shape)
            sizes = zip(first, tensor.shape, strict=True)
            self.axes += [Axis(name, dim, *size) for dim, size in enumerate(sizes)]
            self.owners[name] = Owner(name, tensor, first)
            self.places[storage_of(tensor)].append(self.owners[name])

    def new_numbers(self, count: int) -> int:
        """Return the first of `count` new numbers."""
        self.size += count
        return self.size - count

    def owner(self, tensor: Tensor) -> Owner | None:
        """Return the parameter or buffer that the tensor is a view of."""
        for owner in self.places.get(storage_of(tensor), ()):
            place = tensor.storage_offset() - owner.tensor.storage_offset()
            if 0 <= place < max(owner.tensor.numel(), 1):
                self.used.add(owner.name)
                return owner
        return None

    def slots_along(self, view: Tensor, dim: int) -> Int32[Tensor, "n"]:
        """Return the slots that a view of a parameter shows along its dimension `dim`.

        Where the view has joined several dimensions of the parameter to one, it is the outermost:
        the columns of a kernel that was flattened belong to its input channels.
        """
        owner = self.owner(view)
        assert owner is not None, "the tensor is no view of a parameter"
        axis, entries = entries_along(view, owner.tensor, dim)
        slots = torch.from_numpy(owner.first[axis] + entries)
        return slots.to(device=view.device, dtype=torch.int32)

    def axis(self, view: Tensor, dim: int) -> tuple[str, int]:
        """Return (name, dimension) of the parameter that lies along a view's dimension."""
        owner = self.owner(view)
        assert owner is not None, "the tensor is no view of a parameter"
        return owner.name, entries_along(view, owner.tensor, dim)[0]

    def join(self, one: Tensor, other: Tensor) -> None:
        """Note that slots belong to one unit, place by place. Zeros join nothing."""
        pair = torch.stack(torch.broadcast_tensors(one, other)).flatten(1)
        pair = pair[:, (pair[0] != pair[1]) & (pair != 0).all(0)]
        if pair.shape[1]:
            self.pairs.append(np.unique(pair.cpu().numpy(), axis=1))

    def flag(self, slots: Tensor, why: str) -> None:
        """Note that slots must stay, and why."""
        numbers = np.unique(slots.cpu().numpy())
        if (numbers := numbers[numbers > 0]).size:
            self.flags.append((numbers, why))

    def note_sum(self, slots: Tensor) -> None:
        """Note slots of a residual stream."""
        self.sums.append(np.unique(slots.cpu().numpy()))

    def axes_of(self, slots: Numbers) -> Numbers:
        """Return the index in `axes` of each slot; -1 where no parameter has it."""
        first = np.array([axis.first for axis in self.axes] or [0])
        found = np.searchsorted(first, slots, side="right") - 1
        inside = np.array([axis.first + axis.length for axis in self.axes] or [0])[found] > slots
        return np.where(inside & (found >= 0), found, -1)


def floating_tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the name of each parameter and floating buffer with dimensions, and the tensor."""
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if tensor.is_floating_point() and tensor.dim() and tensor.layout == torch.strided:
            yield name, tensor.detach()


def storage_of(tensor: Tensor) -> int:
    """Return the identity of the memory that a tensor lies in; 0 where it is no single one.

    A sparse tensor has several, and one of a library may have none.
    """
    try:
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):  # as torch says it of a sparse one, and of others
        return 0


def entries_along(view: Tensor, owner: Tensor, dim: int) -> tuple[int, Numbers]:
    """Return (dimension of the parameter, entries along it) of a view's dimension `dim`."""
    start = int(view.storage_offset() - owner.storage_offset())
    steps = start + view.stride(dim) * np.arange(view.shape[dim])
    order = sorted(range(owner.dim()), key=owner.stride, reverse=True)
    found: dict[int, Numbers] = {}
    for axis in (axis for axis in order if owner.shape[axis] > 1):
        found[axis], steps = np.divmod(steps, owner.stride(axis))
    varying = [axis for axis in found if (found[axis] != found[axis][0]).any()]
    if varying:
        return varying[0], found[varying[0]]
    axis = narrow_axis(view, owner, dim)
    return axis, found.get(axis, np.zeros(view.shape[dim], dtype=np.int64))


def narrow_axis(view: Tensor, owner: Tensor, dim: int) -> int:
    """Return the dimension of a parameter that a view's dimension of length 1 stands for."""
    if view.shape == owner.shape:
        return dim
    if view.dim() == owner.dim() == 2 and view.shape == owner.shape[::-1]:
        return 1 - dim
    single = [axis for axis in range(owner.dim()) if owner.shape[axis] == 1]
    by_stride = [axis for axis in range(owner.dim()) if owner.stride(axis) == view.stride(dim)]
    return [*by_stride, *single, 0][0]
