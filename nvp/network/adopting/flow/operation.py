"""One operation of the labelled pass, and how its arguments are asked for by name."""

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


class Operation:
    """A call of an operation below autograd, and what came out.

    Attributes:
        name: of the operation, without the sign of an in-place one: `add` for `add_`.
        in_place: whether it wrote into its first argument.
        is_elementwise: whether each entry of the output comes from entries at the same place.
    """

    def __init__(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        name = function.overloadpacket.__name__
        self.function, self.args, self.kwargs, self.output = function, args, kwargs, output
        self.in_place = name.endswith("_") and not name.endswith("__")
        self.name = name.rstrip("_") if self.in_place else name
        self.is_elementwise = torch.Tag.pointwise in function.tags

    @property
    def inputs(self) -> list[Tensor]:
        """Return all tensors among the arguments, in their order."""
        leaves = pytree.tree_leaves((self.args, self.kwargs))
        return [leaf for leaf in leaves if isinstance(leaf, Tensor)]

    @property
    def outputs(self) -> list[Tensor]:
        """Return all tensors that came out."""
        return [leaf for leaf in pytree.tree_leaves(self.output) if isinstance(leaf, Tensor)]

    def argument(self, name: str, default: Any = None) -> Any:
        """Return an argument by its name in the operation's schema."""
        for index, argument in enumerate(self.function._schema.arguments):
            if argument.name == name:
                if name in self.kwargs:
                    return self.kwargs[name]
                if index < len(self.args):
                    return self.args[index]
                return argument.default_value if argument.has_default_value() else default
        return default
