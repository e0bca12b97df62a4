"""Operations that move entries: the same operation runs on the slots."""

from typing import Any

import torch
from torch import Tensor

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.trails import Trail, folded, varying

MOVES = """
    view _unsafe_view reshape expand permute transpose t squeeze unsqueeze select slice split
    split_with_sizes unsafe_split unsafe_split_with_sizes unbind narrow diagonal as_strided alias
    detach index index_select gather roll flip repeat tile unfold pixel_shuffle pixel_unshuffle
    channel_shuffle native_channel_shuffle constant_pad_nd movedim swapaxes take_along_dim rot90
    repeat_interleave view_copy expand_copy permute_copy transpose_copy select_copy slice_copy
    split_copy squeeze_copy unsqueeze_copy
"""
COPIES = "clone _to_copy contiguous lift_fresh lift_fresh_copy to detach_copy alias_copy"
# of the shape of their first argument, whatever it is: they shrink with it
SHAPED = """
    empty_like zeros_like ones_like full_like rand_like randn_like bernoulli uniform normal random
    exponential fill zero
"""
AS_RESHAPE = ("view", "_unsafe_view", "view_copy")


def follow_move(flow: Any, operation: Operation) -> None:
    """Follow an operation that moves the entries of its first argument."""
    source = operation.args[0]
    if flow.is_owned(source) and operation.function.is_view:
        return  # its place in memory says what it shows
    trail = flow.trail_of_any(source)
    if trail is None:
        return
    if operation.name in AS_RESHAPE:
        if isinstance(operation.args[1], torch.dtype):
            raise ValueError("a view of another dtype")
        moved = trail.slots.reshape(operation.args[1])
    else:
        kwargs = {key: 0 if key == "value" else v for key, v in operation.kwargs.items()}
        rest = operation.args[1:]
        if operation.name == "constant_pad_nd":
            rest = rest[:1]
        moved = operation.function(trail.slots, *rest, **kwargs)
    targets = operation.outputs
    for target, slots in zip(targets, [moved] if isinstance(moved, Tensor) else moved, strict=True):
        flow.trails.put(target, trail.with_slots(folded(slots)))


def follow_copy(flow: Any, operation: Operation) -> None:
    """Follow a copy, which has the same slots."""
    if (trail := flow.trail_of_any(operation.args[0])) and not flow.is_owned(operation.output):
        flow.trails.put(operation.output, trail)


def follow_write(flow: Any, operation: Operation) -> None:
    """Follow `copy_`: the entries of the second argument are written over the first's."""
    target, source = operation.args[:2]
    trail = flow.trail_of_any(source)
    if trail is None:
        trail = Trail(torch.zeros_like(source, dtype=torch.int32))
    if not flow.is_owned(target):
        slots = folded(trail.slots.broadcast_to(target.shape))
        flow.trails.put(target, trail.with_slots(slots), write=True)


def follow_concatenation(flow: Any, operation: Operation) -> None:
    """Follow `cat` and `stack`: parameters among the parts lie along where the others vary."""
    parts: list[Tensor] = list(operation.args[0])
    known = [trail for part in parts if (trail := flow.trail(part))]
    along = sorted({dim for trail in known for dim in varying(trail.slots)})
    labels = []
    for part in parts:
        trail = flow.trail_of_any(part)
        dims = [dim for dim in along if dim < part.dim() and part.shape[dim] > 1]
        if flow.is_owned(part) and dims:
            labels.append(flow.slots_on(part, dims[-1]).expand(part.shape))
        else:
            none = torch.zeros((), dtype=torch.int32, device=part.device).expand(part.shape)
            labels.append(none if trail is None else trail.slots)
    slots = operation.function(labels, *operation.args[1:], **operation.kwargs)
    if bool(slots.any()):
        deepest = max(known, key=lambda trail: trail.depth) if known else Trail(slots)
        flow.trails.put(operation.output, deepest.with_slots(folded(slots)))


def follow_im2col(flow: Any, operation: Operation) -> None:
    """Follow `im2col`, which moves floating numbers only."""
    if trail := flow.trail(operation.args[0]):
        moved = operation.function(trail.slots.double(), *operation.args[1:], **operation.kwargs)
        flow.trails.put(operation.output, trail.with_slots(folded(moved.to(torch.int32))))


RULES = {
    **dict.fromkeys(MOVES.split(), follow_move),
    **dict.fromkeys(COPIES.split(), follow_copy),
    **dict.fromkeys(SHAPED.split(), follow_copy),
    **dict.fromkeys(("cat", "stack"), follow_concatenation),
    "copy": follow_write,
    "im2col": follow_im2col,
}
