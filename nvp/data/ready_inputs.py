"""ReadyInputs of a network that are ready for it, in a shape of their own."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor


@dataclass(frozen=True)
class ReadyInputs:
    """ReadyInputs and their classes, of a loop that is not ours: no pixels that are normalised yet.

    They are used where `Images` are, by criteria that need derivatives or maps.
    """

    pixels: Shaped[Tensor, "n *shape"]
    labels: Int64[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of one input."""
        return tuple(self.pixels.shape[1:])

    @property
    def device(self) -> torch.device:
        """Return where the inputs are."""
        return self.pixels.device

    def to(self, device: torch.device | str) -> "ReadyInputs":
        """Return the same inputs on `device`."""
        return ReadyInputs(self.pixels.to(device), self.labels.to(device))

    def plain_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all inputs in order."""
        yield from zip(self.pixels.split(batch_size), self.labels.split(batch_size), strict=True)
