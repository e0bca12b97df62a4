"""Counting the floating-point operations of a forward pass: of maps and products.

The numbers are those of `torch.utils.flop_counter`, whose own mode loads torch's compiler: seconds.
"""

from typing import Any

import torch
from torch._ops import OpOverload
from torch.utils.flop_counter import flop_registry

from nvp.network.dispatch_mode import DispatchMode


class OperationCount(DispatchMode):
    """Counts while it is on.

    Attributes:
        total: operations so far; a multiply-accumulate counts as two.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if not isinstance(func, OpOverload):  # a branch or a loop as one operation
            return func(*args, **kwargs)
        if func is not torch.ops.prim.device.default:
            with self:  # what it is made of may be counted
                output = func.decompose(*args, **kwargs)
                if output is not NotImplemented:
                    return output
        output = func(*args, **kwargs)
        if count := flop_registry.get(func._overloadpacket):
            self.total += int(count(*args, **kwargs, out_val=output))
        return output
