"""Operations entry by entry: units that meet at one place belong together.

These are residual sums, gates, scales and shifts, embeddings of positions, masks. A constant of the
network that has an entry for each unit cannot be shortened, so the units that meet it must stay.
"""

from typing import Any

import torch
from torch import Tensor

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.trails import NO_NORM, Trail, compact, folded, varying

CONSTANT = "they meet a tensor with an entry for each of them that no weight makes"
SUMS = ("add", "sub")
# elementwise, but not marked as such by torch
UNMARKED = """
    hardswish celu _prelu_kernel rrelu_with_noise threshold rrelu native_dropout
    hardtanh relu6 softplus hardsigmoid leaky_relu elu gelu silu mish masked_fill
"""


def follow_elementwise(flow: Any, operation: Operation) -> None:
    """Follow an operation whose arguments meet entry by entry, after broadcasting."""
    output = operation.outputs[0]
    tensors = [tensor for tensor in operation.inputs if tensor.dim()]
    known = [trail for tensor in tensors if (trail := flow.trail(tensor))]
    if not known and all(flow.trail_of_any(tensor) is None for tensor in tensors):
        return
    first = max(known, key=lambda trail: trail.depth) if known else Trail(torch.zeros(()))
    slots = [trail.slots for trail in [first, *known]] if known else []
    along = sorted({output.dim() - s.dim() + dim for s in slots for dim in varying(s)})
    owned = [tensor for tensor in tensors if flow.is_owned(tensor)]
    slots += [own for tensor in owned if (own := parameter_slots(flow, tensor, output, along))
              is not None]  # fmt: skip
    if not slots:
        return
    together = join_all(flow, slots, output)
    for tensor in tensors:
        if not flow.is_owned(tensor) and flow.trail(tensor) is None:
            flag_constant(flow, tensor, together)
    note_gates(flow, operation, known)
    if operation.name in SUMS and len(known) > 1 and not same_slots(known):
        flow.table.note_sum(together)
    norms = [trail.norm for trail in [first, *known] if trail.norm != NO_NORM]
    own = first.norm if first.norm != NO_NORM or not scales(known) else [*norms, NO_NORM][0]
    gate = first.gate if len(known) == 1 else -1
    trail = Trail(together, first.depth, own, gate)
    flow.trails.put(output, trail, write=operation.in_place)


def parameter_slots(flow: Any, parameter: Tensor, output: Tensor, along: list[int]) -> Any:
    """Return the slots of a parameter where the units of the others lie; None where it has none."""
    shift = output.dim() - parameter.dim()
    wide = [dim for dim in range(parameter.dim()) if parameter.shape[dim] > 1]
    chosen = [dim for dim in wide if dim + shift in along] if along else wide[-1:]
    return flow.slots_on(parameter, chosen[0]) if chosen else None


def join_all(flow: Any, slots: list[Tensor], output: Tensor) -> Tensor:
    """Join slots that meet; return those of the output, the first ones that are there."""
    together = compact(slots[0].broadcast_to(output.shape))
    for other in slots[1:]:
        other = compact(other.broadcast_to(output.shape))
        flow.table.join(together, other)
        if not bool((together != 0).all()):
            together = torch.where(together == 0, other, together)
    return folded(together.broadcast_to(output.shape))


def flag_constant(flow: Any, constant: Tensor, slots: Tensor) -> None:
    """Note units that must stay, as a constant has an entry for each of them."""
    shift = slots.dim() - constant.dim()
    if flow.path.network.training:
        return  # a mask of dropout, which has the shape that it is asked for
    if any(dim >= shift and constant.shape[dim - shift] > 1 for dim in varying(slots)):
        flow.table.flag(slots, CONSTANT)


def scales(known: list[Trail]) -> bool:
    """Return whether one of the factors is a statistic that belongs to no unit."""
    return any(not bool(compact(trail.slots).any()) for trail in known)


def note_gates(flow: Any, operation: Operation, known: list[Trail]) -> None:
    """Note the gates whose output is multiplied with other units than they are made of."""
    if operation.name == "mul" and len(known) > 1:
        for trail in known:
            if trail.gate >= 0 and not same_slots(known):
                flow.gates.add(trail.gate)


def same_slots(known: list[Trail]) -> bool:
    """Return whether trails come from the same slots; a statistic, which has none, is left out."""
    found = [small for trail in known if bool((small := compact(trail.slots)).any())]
    return all(torch.equal(found[0], other) for other in found[1:])


def follow_glu(flow: Any, operation: Operation) -> None:
    """Follow `glu`: one half of the units gates the other."""
    if trail := flow.trail(operation.args[0]):
        one, other = trail.slots.chunk(2, dim=operation.argument("dim"))
        slots = join_all(flow, [one, other], operation.output)
        flow.trails.put(operation.output, trail.with_slots(slots))


RULES = {**dict.fromkeys(UNMARKED.split(), follow_elementwise), "glu": follow_glu}
