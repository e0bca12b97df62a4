"""Pooling: windows in space keep a unit to itself; what is taken over the units mixes them."""

from typing import Any

import torch

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.trails import NO_NORM, Trail, at_one_place, varying

WINDOWS = """
    max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d avg_pool1d max_pool1d
    _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d
    mkldnn_max_pool2d max_pool2d max_pool3d fractional_max_pool2d
    upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_bilinear2d
    upsample_trilinear3d upsample_linear1d upsample_bicubic2d _upsample_bilinear2d_aa
    _upsample_bicubic2d_aa _upsample_nearest_exact2d _upsample_nearest_exact1d
    reflection_pad1d reflection_pad2d reflection_pad3d
    replication_pad1d replication_pad2d replication_pad3d grid_sampler_2d grid_sampler_3d
"""
REDUCTIONS = """
    mean sum amax amin max min prod std var var_mean std_mean linalg_vector_norm norm logsumexp
    argmax argmin any all median nanmean
"""
IN_SPACE = "a pooling in space mixes them"
OVER_UNITS = "a {name} is taken over them"


def follow_window(flow: Any, operation: Operation) -> None:
    """Follow a pooling, resizing or padding in space, behind the first two dimensions."""
    trail = flow.trail(operation.args[0])
    if trail is None:
        return
    output = operation.outputs[0]
    rank = 1 if "1d" in operation.name else 3 if "3d" in operation.name else 2
    space = range(output.dim() - rank, output.dim())
    if set(varying(trail.slots)) & set(space):
        flow.table.flag(trail.slots, IN_SPACE)
    for other in operation.inputs[1:]:
        if moved := flow.trail(other):
            flow.table.flag(moved.slots, IN_SPACE)
    slots = at_one_place(trail.slots, space).expand(output.shape)
    flow.trails.put(output, trail.with_slots(slots))


def follow_reduction(flow: Any, operation: Operation) -> None:
    """Follow what is taken over whole dimensions: a mean, a sum, a maximum."""
    source = operation.args[0]
    trail = flow.trail(source)
    if trail is None:
        return
    dims = operation.argument("dim")
    if isinstance(dims, int):
        dims = [dims]
    dims = [dim % source.dim() for dim in dims] if dims else list(range(source.dim()))
    if set(varying(trail.slots)) & set(dims):
        flag_statistic(flow, operation, trail)
        return
    slots = at_one_place(trail.slots, dims)
    for output in operation.outputs:
        if output.dim() == source.dim():
            flow.trails.put(output, trail.with_slots(slots.expand(output.shape)))
        else:
            kept = [n for dim, n in enumerate(slots.shape) if dim not in dims]
            flow.trails.put(output, trail.with_slots(slots.reshape(kept)))


def flag_statistic(flow: Any, operation: Operation, trail: Trail) -> None:
    """Note that units must stay, as a statistic over them is taken; the statistic has no unit."""
    module = type(flow.path.module).__name__
    why = OVER_UNITS.format(name=operation.name)
    flow.table.flag(trail.slots, f"{why} ({module})" if "Norm" in module else why)
    kind = "rms" if "RMS" in module else "layer"
    norm = (kind, flow.path.innermost) if "Norm" in module else NO_NORM
    for output in operation.outputs:
        none = torch.zeros((), dtype=torch.int32, device=output.device).expand(output.shape)
        flow.trails.put(output, Trail(none, trail.depth, norm))


RULES = {
    **dict.fromkeys(WINDOWS.split(), follow_window),
    **dict.fromkeys(REDUCTIONS.split(), follow_reduction),
}
