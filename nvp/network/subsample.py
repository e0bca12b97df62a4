"""Option A of the residual shortcuts: it has no parameters, so new channels are 0."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int64
from torch import Tensor, nn


class Subsample(nn.Module):
    """A shortcut without parameters: every `stride`-th position, new channels of 0 on both sides.

    It has no neurons of its own, so the layer that adds its output masks it.
    Source: He et al., "Deep Residual Learning for Image Recognition", 2016, option A.
    """

    source: Int64[Tensor, "width"] | None

    def __init__(
        self, fan_in: int, width: int, *, stride: int, reads: str = "", group: str = ""
    ) -> None:
        """Make a shortcut; `reads` and `group` name the streams it reads and writes to."""
        super().__init__()
        before = (width - fan_in) // 2
        self.stride, self.padding = stride, (before, width - fan_in - before)
        self.reads, self.group = reads, group
        self.carried = slice(before, before + fan_in)  # the output channels that are not new
        self.register_buffer("source", None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        if self.source is None:
            return F.pad(x, (0, 0, 0, 0, *self.padding))
        # one channel of 0 is appended, so that source -1 (the last) reads 0
        return F.pad(x, (0, 0, 0, 0, 0, 1))[:, self.source]

    def reroute(self, inputs: Int64[Tensor, "i"], outputs: Int64[Tensor, "o"]) -> None:
        """Carry only the channels that both streams still have, given their dense indices.

        From then on `source` is the input of each output channel, -1 for a channel of 0.
        """
        same = inputs == (outputs - self.padding[0]).unsqueeze(1)
        self.source = torch.where(same.any(1), same.long().argmax(1), -1)

    def carries(self, keep: Bool[Tensor, "width"], fan_in: int) -> Bool[Tensor, "fan_in"]:
        """Return which of `fan_in` input channels end in an output channel of `keep`."""
        if self.source is None:
            return keep[self.carried]
        found = torch.zeros(fan_in, dtype=torch.bool, device=keep.device)
        found[self.source[keep & (self.source >= 0)]] = True
        return found
