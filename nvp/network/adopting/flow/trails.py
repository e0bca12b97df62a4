"""What runs beside each tensor of the labelled forward pass: the slot that each entry comes from.

A trail is kept by the tensor's place in memory, never by the tensor, so that tensors are freed as
in any forward pass and a write through a view reaches what it is a view of.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int32
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from nvp.network.adopting.flow.slot_table import storage_of

PURGE_EVERY = 64  # writes, until trails of memory that was freed are forgotten
Geometry = tuple[int, tuple[int, ...], tuple[int, ...]]
Norm = tuple[str, str]
NO_NORM: Norm = ("none", "")


@dataclass(frozen=True)
class Trail:
    """Where the entries of a tensor come from.

    Attributes:
        slots: the number of the slot of each entry, 0 for none. A dimension along which they are
            all the same has stride 0, so that it costs no memory and is recognised at once.
        depth: how many affine maps lie between the input and here, on the longest way.
        norm: the normalisation since the last affine map: its name, and the path of its module.
        gate: the gate that put this out, as the number of its call; -1 where none did.
    """

    slots: Int32[Tensor, "*shape"]
    depth: int = 0
    norm: Norm = NO_NORM
    gate: int = -1

    def with_slots(self, slots: Tensor) -> "Trail":
        return replace(self, slots=slots)


def varying(slots: Tensor) -> list[int]:
    """Return the dimensions along which slots differ, as `folded` left them."""
    return [d for d in range(slots.dim()) if slots.stride(d) and slots.shape[d] > 1]


def at_one_place(slots: Tensor, dims: Iterable[int]) -> Tensor:
    """Return the slots with the dimensions `dims` cut to length 1."""
    for dim in dims:
        slots = slots.narrow(dim, 0, min(1, slots.shape[dim]))
    return slots


def compact(slots: Tensor) -> Tensor:
    """Return the slots with each dimension along which they do not vary cut to length 1."""
    return at_one_place(slots, set(range(slots.dim())) - set(varying(slots)))


def folded(slots: Tensor) -> Tensor:
    """Return the same slots, expanded along each dimension along which they are all the same."""
    small = compact(slots)
    for dim in varying(small):
        if bool((small == small.narrow(dim, 0, 1)).all()):
            small = small.narrow(dim, 0, 1)
    if small.numel() < slots.numel():
        small = small.clone(memory_format=torch.contiguous_format)
    return small.expand(slots.shape)


class Trails:
    """The trails of all tensors that are alive, by their place in memory."""

    def __init__(self) -> None:
        self.places: dict[int, tuple[StorageWeakRef, dict[Geometry, Trail]]] = {}
        self.writes = 0

    def get(self, tensor: Tensor) -> Trail | None:
        """Return the trail of a tensor, None where it comes from no slot."""
        found = self.places.get(storage_of(tensor))
        if found is None or found[0].expired() or not tensor.numel():
            return None
        if trail := found[1].get(geometry(tensor)):
            return trail
        whole = self.whole_storage(tensor, found[1])
        offset, shape, strides = geometry(tensor)
        slots = folded(whole.slots.as_strided(shape, strides, offset))
        return whole.with_slots(slots) if bool(slots.any()) else None

    def put(self, tensor: Tensor, trail: Trail, *, write: bool = False) -> None:
        """Set the trail of a tensor; `write`: what it is a view of has changed with it."""
        if not storage_of(tensor):
            raise ValueError(f"it puts out a tensor of layout {tensor.layout}")
        self.writes += 1
        if self.writes % PURGE_EVERY == 0:
            self.purge()
        key, place = storage_of(tensor), geometry(tensor)
        if key not in self.places or self.places[key][0].expired():
            self.places[key] = (StorageWeakRef(tensor.untyped_storage()), {})
        trails = self.places[key][1]
        known = trails.pop(place, None)
        trails[place] = trail
        same = known is not None and torch.equal(known.slots, trail.slots)
        if write and not same and len(trails) > 1:
            whole = self.whole_storage(tensor, trails)
            trails.clear()
            trails[(0, tuple(whole.slots.shape), (1,))] = whole
            trails[place] = trail

    def whole_storage(self, tensor: Tensor, trails: dict[Geometry, Trail]) -> Trail:
        """Return one trail for all memory that a tensor lies in; later writes win."""
        length = tensor.untyped_storage().nbytes() // tensor.element_size()
        slots = torch.zeros(length, dtype=torch.int32, device=tensor.device)
        for (offset, shape, strides), trail in trails.items():
            repeated = [d for d, stride in enumerate(strides) if stride == 0]
            place = at_one_place(slots.as_strided(shape, strides, offset), repeated)
            place.copy_(at_one_place(trail.slots, repeated))
        deepest = max(trails.values(), key=lambda trail: trail.depth)
        return deepest.with_slots(slots)

    def purge(self) -> None:
        """Forget the trails of memory that was freed."""
        self.places = {key: place for key, place in self.places.items() if not place[0].expired()}


def geometry(tensor: Tensor) -> Geometry:
    """Return (offset, shape, strides): which part of its memory a tensor shows."""
    return int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride()
