"""Products with a weight: which operand is the weight, and which is what it reads.

These are operations below autograd, where few are left, whoever wrote the network.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "linear", "convolution")


@dataclass(frozen=True)
class Reading:
    """One operand of a product as the weight, and the other as what it reads.

    Attributes:
        weight: the operand that may be a weight.
        columns: its dimension that reads.
        inputs: the other operand.
        dim: the dimension of the inputs that lies along the columns.
    """

    weight: Tensor
    columns: int
    inputs: Tensor
    dim: int

    def as_rows(self, values: Tensor) -> Tensor:
        """Return what lies beside the inputs, of their shape, with a row for each product."""
        return values.movedim(self.dim, -1).reshape(-1, values.shape[self.dim])


def list_readings(name: str, args: tuple[Any, ...]) -> list[Reading]:
    """Return the ways to see a product: each of its operands may be the weight.

    Args:
        name: of the operation.
        args: its arguments.
    """
    if name == "linear":
        return [Reading(args[1], 1, args[0], args[0].dim() - 1)]
    if name == "convolution":
        transposed, groups = args[6], args[8]
        return [] if transposed or groups > 1 else [Reading(args[1], 1, args[0], 1)]
    if name not in PRODUCTS:
        return []
    left, right = args[1:3] if name in ("addmm", "baddbmm") else args[:2]
    return [
        Reading(right, right.dim() - 2, left, left.dim() - 1),
        Reading(left, left.dim() - 1, right, right.dim() - 2),
    ]
