"""The entries of parameters that belong to masked units, looked up once for each change."""

from jaxtyping import Int64
from torch import Tensor

from nvp.network.adopted.named_tensors import NamedTensors
from nvp.network.adopting.anatomy import Anatomy, Slots

Fills = list[tuple[int, Int64[Tensor, "m"]]]


class MaskedEntries:
    """The masked entries of an adopted network's parameters; make a new one after a removal."""

    def __init__(self, anatomy: Anatomy, keeps: NamedTensors) -> None:
        self.keeps = keeps
        self.places: dict[str, list[tuple[str, Slots]]] = {}
        for name, group in anatomy.groups.items():
            for slots in group.slots if not group.why else ():
                self.places.setdefault(slots.name, []).append((name, slots))
        self.seen: dict[str, list[tuple[Tensor, int]]] = {}
        self.fills: dict[str, Fills] = {}

    def find(self, parameter: str) -> Fills:
        """Return [(dimension, masked entries)] of a parameter of the network inside.

        torch counts how often a mask was written to, so that no device is asked at each step.
        """
        places = self.places.get(parameter, [])
        seen = self.seen.get(parameter)
        known = seen is not None and all(
            self.keeps[group] is mask and mask._version == version
            for (group, _), (mask, version) in zip(places, seen, strict=True)
        )
        if not known:
            masks = [self.keeps[group] for group, _ in places]
            self.seen[parameter] = [(mask, mask._version) for mask in masks]
            self.fills[parameter] = []
            for mask, (_, slots) in zip(masks, places, strict=True):
                lost = slots.entries.to(mask.device)[~mask[slots.units.to(mask.device)]]
                self.fills[parameter] += [(slots.dim, lost)] if len(lost) else []
        return self.fills[parameter]
