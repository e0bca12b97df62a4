"""Who reads whom, found in another way: neurons put out NaN, and we look where it arrives.

The units of a group are NaN by the bits of their number, one forward pass for each bit; what
arrives at each column of each weight is written down, and cleaned, so that it goes no further.
"""

from collections import defaultdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nvp.network.adopting.activations import Call, watch_activations
from nvp.network.adopting.anatomy import Anatomy

Columns = dict[tuple[str, int], Tensor]
CONVOLUTIONS = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
READERS = (F.linear, *CONVOLUTIONS, *TRANSPOSED)


class NanAtColumns(TorchFunctionMode):
    """Notes at which columns of each weight a NaN arrives, and cleans the input."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.names = {p.data_ptr(): (name, p) for name, p in network.named_parameters()}
        self.arrived: dict[tuple[str, int], Tensor] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        groups = args[6] if len(args) > 6 else kwargs.get("groups", 1)
        if func in READERS and groups == 1 and args[1].data_ptr() in self.names:
            name, parameter = self.names[args[1].data_ptr()]
            turned = func in TRANSPOSED or args[1].stride() != parameter.stride()
            dim = args[0].dim() - 1 if func is F.linear else 1
            others = [d for d in range(args[0].dim()) if d != dim]
            nan = args[0].isnan().any(dim=others[0]) if len(others) == 1 else (
                args[0].isnan().movedim(dim, 0).flatten(1).any(1))  # fmt: skip
            known = self.arrived.get((name, 0 if turned else 1), torch.zeros_like(nan))
            self.arrived[name, 0 if turned else 1] = nan | known
            args = (args[0].nan_to_num(0.0), *args[1:])
        return func(*args, **kwargs)


def probe_columns(network: nn.Module, images: Any, anatomy: Anatomy, group: str) -> Columns:
    """Return {(weight, dim): for each column 1 + the unit that arrives there, 0 for none}."""
    sites = {(s.module, s.call): s for s in anatomy.layers.values() if s.group == group}
    found: dict[tuple[str, int], Tensor] = defaultdict(lambda: torch.zeros((), dtype=torch.int64))
    for bit in range((anatomy.groups[group].size).bit_length()):

        def inject(call: Call, output: Tensor, bit: int = bit) -> Tensor | None:
            site = sites.get((call.module, call.number))
            if site is None:
                return None
            chosen = ((site.units + 1) >> bit) % 2 == 1
            shape = [-1 if dim == site.dim else 1 for dim in range(output.dim())]
            return output.masked_fill(chosen.view(shape), float("nan"))

        seen = NanAtColumns(network)
        with torch.no_grad(), watch_activations(network, inject), seen:
            network.eval()(**images) if isinstance(images, dict) else network.eval()(images)
        for place, nan in seen.arrived.items():
            found[place] = found[place] + (nan.long() << bit)
    return dict(found)


def expected_columns(anatomy: Anatomy, group: str, probed: Columns) -> Columns:
    """Return the same as the anatomy says it."""
    found = {place: torch.zeros_like(columns) for place, columns in probed.items()}
    for slots in anatomy.groups[group].slots:
        if (slots.name, slots.dim) in found:
            found[slots.name, slots.dim][slots.entries] = slots.units + 1
    return found
