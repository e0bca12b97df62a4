"""Dropout that drops the same neurons after others were removed."""

import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Dropout of neurons, (n, f), that draws for all neurons of the dense network.

    It uses the draws of the present ones. So a network whose masked neurons were removed drops the
    same neurons as one that only masks them.
    """

    origin: Int64[Tensor, "f"] | None

    def __init__(self, p: float = 0.5, *, reads: str) -> None:
        """Make a dropout of the neurons of the group `reads`."""
        super().__init__(p)
        self.reads, self.dense = reads, 0
        self.register_buffer("origin", None, persistent=False)

    def forward(self, input: Float[Tensor, "n f"]) -> Float[Tensor, "n f"]:
        if self.origin is None or not self.training:
            return super().forward(input)
        factors = F.dropout(input.new_ones(len(input), self.dense), self.p)
        return input * factors[:, self.origin]
