"""One forward pass in which each tensor carries the slots that its entries come from.

It runs below autograd, where a network is made of few canonical operations, whoever wrote it.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from nvp.config.memory import is_out_of_memory
from nvp.network.adopting.activations import ModulePath
from nvp.network.adopting.flow.heads import HeadFlow
from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.rules import find_rule
from nvp.network.adopting.flow.slot_table import SlotTable
from nvp.network.adopting.flow.trails import Trail, Trails
from nvp.network.dispatch_mode import DispatchMode


class LabelledPass(DispatchMode):
    """Follows each operation with the rule for it.

    Attributes:
        table: the slots, and what was found out about them.
        trails: of the tensors that are alive.
        path: which module is in its forward pass.
        heads: the heads of attention, which run beside.
        gates: numbers of the gates whose output was multiplied with other units.
    """

    def __init__(self, table: SlotTable, path: ModulePath, images: int) -> None:
        """Make one for a forward pass of so many images."""
        super().__init__()
        self.table, self.path = table, path
        self.heads = HeadFlow(table, path, images)
        self.trails = Trails()
        self.gates: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        operation = Operation(func, args, kwargs or {}, output)
        self.follow(operation)
        self.heads.follow(operation)
        return output

    def follow(self, operation: Operation) -> None:
        """Give the operation's output its trail."""
        tensors = operation.inputs
        owned = [self.table.owner(tensor) is not None for tensor in tensors]
        known = [self.trail(tensor) is not None for tensor in tensors]
        if not any(owned) and not any(known):
            return
        rule: Callable[[LabelledPass, Operation], None] | None = find_rule(operation)
        why = f"they go through {operation.name}, which adoption does not follow"
        if rule is not None:
            try:
                rule(self, operation)
                return
            except Exception as error:  # of a rule, on arguments that it was not written for
                if is_out_of_memory(error):
                    raise
                why = f"they go through {operation.name}, in a way that adoption does not follow: "
                why += str(error).partition("\n")[0]
        self.flag(operation, why)

    def trail(self, value: Any) -> Trail | None:
        """Return the trail of a tensor; None for anything else, and for parameters."""
        if not isinstance(value, Tensor) or self.table.owner(value) is not None:
            return None
        return self.trails.get(value)

    def trail_of_any(self, value: Tensor) -> Trail | None:
        """Return the trail of a tensor; that of a parameter are its slots along its last dimension.

        Dimensions of length 1 do not count.
        """
        if self.table.owner(value) is None:
            return self.trails.get(value)
        wide = [dim for dim in range(value.dim()) if value.shape[dim] > 1]
        if not wide:
            return None
        return Trail(self.slots_on(value, wide[-1]).expand(value.shape))

    def slots_on(self, parameter: Tensor, dim: int) -> Tensor:
        """Return a parameter's slots along `dim`, with length 1 in its other dimensions."""
        slots = self.table.slots_along(parameter, dim)
        return slots.view([-1 if d == dim else 1 for d in range(parameter.dim())])

    def is_owned(self, value: Any) -> bool:
        """Return whether a value is a parameter or a buffer, or a view of one."""
        return isinstance(value, Tensor) and self.table.owner(value) is not None

    def flag(self, operation: Operation, why: str) -> None:
        """Note that the units which the operation takes must stay."""
        for tensor in operation.inputs:
            if trail := self.trail(tensor):
                self.table.flag(trail.slots, why)

    def fresh(self, count: int, why: str, device: torch.device) -> Tensor:
        """Return new slots that no parameter has, and that must stay."""
        first = self.table.new_numbers(count)
        slots = torch.arange(first, first + count, dtype=torch.int32, device=device)
        self.table.flag(slots, why)
        return slots


def flat_tensors(values: Any) -> list[Tensor]:
    """Return all tensors inside of nested containers."""
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]
