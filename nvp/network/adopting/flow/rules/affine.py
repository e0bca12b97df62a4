"""Affine maps: convolutions of any kind, products with a weight, embeddings.

The slots of the input meet the columns of the weight; the output is made of its rows. A grouped
convolution joins what belongs to one of its groups, in and out, because they can be removed only
together.
"""

from typing import Any

import torch
from torch import Tensor

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.trails import Trail, at_one_place, varying

MIXED = "a weight mixes them along a dimension that is not theirs"
COMPUTED = "the weight that reads them is computed, and no parameter"
PRODUCT = "they are multiplied with other units, as in attention"
POSITIONS = "a weight of its own reads them at each position"
FROM_INPUT = "a grouped convolution reads them together with what no weight makes"


def follow_matmul(flow: Any, operation: Operation) -> None:
    """Follow `mm` and `addmm`: one of the two factors is a weight."""
    *bias, left, right = operation.args[:3] if operation.name == "addmm" else operation.args[:2]
    follow_product(flow, operation, left, right, bias[0] if bias else None)


def follow_batched(flow: Any, operation: Operation) -> None:
    """Follow `bmm` and `baddbmm`: a weight is the same for all of the batch."""
    names = operation.args[:3] if operation.name == "baddbmm" else operation.args[:2]
    *bias, left, right = names
    follow_product(flow, operation, left, right, bias[0] if bias else None)


def follow_linear(flow: Any, operation: Operation) -> None:
    """Follow `linear` where it is one operation."""
    weight, bias = operation.args[1], operation.argument("bias")
    follow_product(flow, operation, operation.args[0], weight.t(), bias)


def follow_product(
    flow: Any, operation: Operation, left: Tensor, right: Tensor, bias: Tensor | None
) -> None:
    """Follow the product of two matrices, or of two batches of them."""
    shared = [tensor.dim() == 2 or tensor.shape[0] == 1 or tensor.stride(0) == 0
              for tensor in (left, right)]  # fmt: skip
    if flow.is_owned(right) and shared[1]:
        read(flow, left, left.dim() - 1, right, right.dim() - 2)
        rows = make(flow, right, right.dim() - 1)
        write(flow, operation, rows, operation.output.dim() - 1, left, bias)
    elif flow.is_owned(left) and shared[0]:
        read(flow, right, right.dim() - 2, left, left.dim() - 1)
        rows = make(flow, left, left.dim() - 2)
        write(flow, operation, rows, operation.output.dim() - 2, right, bias)
    elif flow.is_owned(left) or flow.is_owned(right) or flow.is_owned(bias):
        why = COMPUTED if flow.is_owned(bias) else POSITIONS
        flow.flag(operation, why)
        width = operation.output.shape[-1]
        rows = flow.fresh(width, why, operation.output.device)
        write(flow, operation, rows, operation.output.dim() - 1, left, bias)
    else:
        flow.flag(operation, PRODUCT)


def follow_embedding(flow: Any, operation: Operation) -> None:
    """Follow `embedding`: its columns are the units."""
    weight = operation.args[0]
    if flow.is_owned(weight):
        rows = make(flow, weight, 1)
        write(flow, operation, rows, operation.output.dim() - 1, operation.args[1], None)


def follow_convolution(flow: Any, operation: Operation) -> None:
    """Follow a convolution: plain, transposed, grouped or depthwise."""
    inputs, weight, bias = operation.args[:3]
    transposed, groups = operation.argument("transposed"), operation.argument("groups")
    if not flow.is_owned(weight):
        flow.flag(operation, COMPUTED)
        rows = flow.fresh(operation.output.shape[1], COMPUTED, weight.device)
    elif groups == 1:
        read(flow, inputs, 1, weight, 0 if transposed else 1)
        rows = make(flow, weight, 1 if transposed else 0)
    else:
        rows = join_groups(flow, operation, groups, transposed)
    write(flow, operation, rows, 1, inputs, bias)


def join_groups(flow: Any, operation: Operation, groups: int, transposed: bool) -> Tensor:
    """Join what belongs to one group of a convolution; return the slots of its output."""
    inputs, weight = operation.args[:2]
    rows = make(flow, weight, 0).view(groups, -1)
    channels = read_slots(flow, inputs, 1)
    if channels is None or not bool((channels != 0).all()):
        flow.table.flag(rows, FROM_INPUT)
        if channels is not None:
            flow.table.flag(channels, FROM_INPUT)
    flow.table.join(rows[:, :1], rows)
    if channels is not None:
        flow.table.join(rows[:, :1], channels.view(groups, -1))
    if not transposed:
        return rows.flatten()
    each = operation.output.shape[1] // groups
    return rows[:, :1].expand(groups, each).flatten()


def read_slots(flow: Any, inputs: Tensor, dim: int) -> Tensor | None:
    """Return the slots of the input along `dim`; those that vary elsewhere must stay."""
    trail = flow.trail_of_any(inputs)
    if trail is None:
        return None
    if set(varying(trail.slots)) - {dim}:
        flow.table.flag(trail.slots, MIXED)
    others = [d for d in range(inputs.dim()) if d != dim]
    return at_one_place(trail.slots, others).flatten()


def read(flow: Any, inputs: Tensor, dim: int, weight: Tensor, columns: int) -> None:
    """Join the slots of the input along `dim` with the columns of the weight that reads them."""
    slots = read_slots(flow, inputs, dim)
    flow.table.reads.add(flow.table.axis(weight, columns))
    if slots is not None:
        flow.table.join(slots, flow.table.slots_along(weight, columns))


def make(flow: Any, weight: Tensor, rows: int) -> Tensor:
    """Return the slots of the rows of a weight, which make new units."""
    flow.table.makes.add(flow.table.axis(weight, rows))
    return flow.table.slots_along(weight, rows)


def write(
    flow: Any, operation: Operation, rows: Tensor, dim: int, inputs: Tensor, bias: Tensor | None
) -> None:
    """Give the output the slots of the rows; the bias goes with them."""
    output = operation.output
    if bias is not None and (trail := flow.trail_of_any(bias)):
        if trail.slots.numel() in (1, len(rows)):
            flow.table.join(trail.slots.flatten(), rows)
        else:
            flow.table.join(trail.slots, rows.view([-1] + [1] * (output.dim() - 1 - dim)))
    before = flow.trail(inputs)
    slots = rows.view([-1 if d == dim else 1 for d in range(output.dim())])
    depth = 1 + (before.depth if before else 0)
    flow.trails.put(output, Trail(slots.expand(output.shape).to(torch.int32), depth))


RULES = {
    **dict.fromkeys(("mm", "addmm"), follow_matmul),
    **dict.fromkeys(("bmm", "baddbmm"), follow_batched),
    "linear": follow_linear,
    "convolution": follow_convolution,
    "embedding": follow_embedding,
}
