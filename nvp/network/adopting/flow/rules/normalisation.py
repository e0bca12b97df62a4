"""Normalisations: which of them leave a unit to itself, and which mix the units.

BatchNorm and InstanceNorm: a channel by itself. GroupNorm: its groups are units. LayerNorm and all
that is averaged over the units change when one of them goes, so these must stay.
"""

from typing import Any

from torch import Tensor

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.rules.elementwise import join_all, parameter_slots
from nvp.network.adopting.flow.trails import Trail, at_one_place, varying

OVER_UNITS = "a {kind} is computed over them"
MIXED = "a {kind} mixes them along a dimension that is not theirs"


def follow_batch_norm(flow: Any, operation: Operation) -> None:
    """Follow BatchNorm, and InstanceNorm, which comes as one over images and channels."""
    trail = flow.trail(operation.args[0])
    if trail is None:
        return
    training = operation.argument("training", operation.argument("train", False))
    instance = training and not flow.path.network.training
    kind = "InstanceNorm" if instance else "BatchNorm"
    if set(varying(trail.slots)) - {1}:
        flow.table.flag(trail.slots, MIXED.format(kind=kind))
    channels = at_one_place(trail.slots, [d for d in range(trail.slots.dim()) if d != 1]).flatten()
    for own in operation.args[1:5]:
        if isinstance(own, Tensor) and (other := flow.trail_of_any(own)):
            flow.table.join(channels, other.slots)
    put_norm(flow, operation, trail, "instance" if instance else "batch")


def follow_group_norm(flow: Any, operation: Operation) -> None:
    """Follow GroupNorm: what is normalised together is one unit."""
    trail = flow.trail(operation.args[0])
    if trail is None:
        return
    groups = operation.argument("group")
    channels = at_one_place(trail.slots, [d for d in range(trail.slots.dim()) if d != 1]).flatten()
    if set(varying(trail.slots)) - {1} or not bool((channels != 0).all()):
        flow.table.flag(trail.slots, MIXED.format(kind="GroupNorm"))
    if groups == 1:
        flow.table.flag(trail.slots, OVER_UNITS.format(kind="GroupNorm of one group"))
    together = channels.view(groups, -1)
    flow.table.join(together[:, :1], together)
    for own in operation.args[1:3]:
        if isinstance(own, Tensor) and (other := flow.trail_of_any(own)):
            flow.table.join(channels, other.slots)
    put_norm(flow, operation, trail, "group")


def follow_layer_norm(flow: Any, operation: Operation) -> None:
    """Follow LayerNorm and RMSNorm, over the last dimensions."""
    trail = flow.trail(operation.args[0])
    if trail is None:
        return
    kind = "LayerNorm" if operation.name == "native_layer_norm" else "RMSNorm"
    last = len(operation.args[1])
    if any(dim >= trail.slots.dim() - last for dim in varying(trail.slots)):
        flow.table.flag(trail.slots, OVER_UNITS.format(kind=kind))
    along = varying(trail.slots)
    slots, output = [trail.slots], operation.outputs[0]
    for own in operation.args[2:4]:
        if isinstance(own, Tensor) and flow.is_owned(own):
            found = parameter_slots(flow, own, output, along)
            slots += [] if found is None else [found]
    joined = trail.with_slots(join_all(flow, slots, output))
    put_norm(flow, operation, joined, "layer" if kind == "LayerNorm" else "rms")


def put_norm(flow: Any, operation: Operation, trail: Trail, norm: str) -> None:
    """Give the first output the trail of the input, with the name of the normalisation."""
    path, weight = flow.path.innermost, operation.argument("weight")
    if isinstance(weight, Tensor) and (owner := flow.table.owner(weight)):
        path = owner.name.rpartition(".")[0]
    flow.trails.put(operation.outputs[0], Trail(trail.slots, trail.depth, (norm, path)))


BATCH_NORMS = """
    native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
    cudnn_batch_norm miopen_batch_norm _batch_norm_with_update _batch_norm_no_update
"""
RULES = {
    **dict.fromkeys(BATCH_NORMS.split(), follow_batch_norm),
    "native_group_norm": follow_group_norm,
    **dict.fromkeys(("native_layer_norm", "_fused_rms_norm", "rms_norm"), follow_layer_norm),
}
