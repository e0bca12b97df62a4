"""The indices at which masks are False, without asking the device for them at every step."""

import torch
from jaxtyping import Bool, Int64
from torch import Tensor


class MaskedIndex:
    """Where masks are False; computed again only after a mask was written to.

    `nonzero` makes the host wait for a GPU. A forward pass whose masks did not change therefore
    reuses the last index, and a dense layer pays nothing for its masks.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[Tensor, int]] = []
        self.index = torch.empty(0, dtype=torch.int64)

    def __call__(self, *masks: Bool[Tensor, "f"]) -> Int64[Tensor, "k"]:
        """Return the neurons at which one of `masks` is False."""
        # torch raises a tensor's `_version` at every write in place. A mask is compared by identity
        # too: a move to a device or a removal puts another tensor there, with its own count.
        known = len(self.seen) == len(masks) and all(
            mask is old and mask._version == version
            for mask, (old, version) in zip(masks, self.seen, strict=True)
        )
        if not known:
            keep = torch.stack(masks).all(0)
            self.index = (~keep).nonzero().flatten()
            self.seen = [(mask, mask._version) for mask in masks]
        return self.index
