"""A group of units as it is in a network now: what masking, counting and removal ask of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from nvp.network.adopting.anatomy import Slots


@dataclass(frozen=True)
class Group:
    """Units that are ranked together; each is masked and removed with all of its slots.

    Attributes:
        layers: paths of the watched layers whose neurons are its units.
        scored: those of them whose neurons are judged when it is pruned.
        keeps: Bool[u] buffers, True where a unit is not masked; all say the same.
        origin: Int64[u], the index of each unit before any was removed, ascending.
        dense: how many units there were then.
        removable: whether all that reads its units is known, so that they can be removed.
        aligned: whether in each scored layer the k-th neuron is the k-th unit.
        list_slots: measures `slots`.
        find_makers: from the name of a parameter to the layers whose neurons it makes.
    """

    layers: tuple[str, ...]
    scored: tuple[str, ...]
    keeps: tuple[Bool[Tensor, "u"], ...]
    origin: Int64[Tensor, "u"]
    dense: int
    removable: bool
    aligned: bool
    list_slots: Callable[[], tuple[Slots, ...]]
    find_makers: Callable[[str], tuple[str, ...]]

    @property
    def keep(self) -> Bool[Tensor, "u"]:
        """Return which of its units are not masked."""
        return self.keeps[0]

    @cached_property
    def slots(self) -> tuple[Slots, ...]:
        """Return all entries of parameters and buffers that belong to its units."""
        return self.list_slots()

    def set_keep(self, index: Int64[Tensor, "k"], keep: bool) -> None:
        """Mask or unmask the units `index`. Changes the keep buffers, and no weights."""
        for buffer in self.keeps:
            buffer[index] = keep


def find_entries(slots: Slots, index: Int64[Tensor, "k"]) -> Int64[Tensor, "s"]:
    """Return the entries of the units `index`, ascending."""
    return slots.entries[torch.isin(slots.units, index)]
