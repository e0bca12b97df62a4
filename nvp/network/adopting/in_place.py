"""Activation functions in place: which tensor a call writes its output into.

`F.relu_(x)`, `x.relu_()` and a call of `nn.ReLU(inplace=True)` may be statements whose result
nobody uses. So what takes the place of their output has to be written into their input, too.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor


def find_written(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Tensor | None:
    """Return the tensor that an activation call writes its output into; None for a new one."""
    inplace = kwargs.get("inplace", False)
    position = find_inplace(func)
    if position is not None and position < len(args):
        inplace = args[position]
    if not (inplace or func.__name__.endswith("_")):
        return None
    first = args[0] if args else next(iter(kwargs.values()), None)
    return first if isinstance(first, Tensor) else None


@cache
def find_inplace(func: Callable[..., Any]) -> int | None:
    """Return the position of a function's argument `inplace`; None where it has none."""
    try:
        names = [*inspect.signature(func).parameters]
    except (TypeError, ValueError):  # written in C
        return None
    return names.index("inplace") if "inplace" in names else None


def clone_if(value: Any, written: Tensor) -> Any:
    """Return a copy of a value that is the written tensor; any other as it is."""
    return value.clone() if value is written else value


def write_into(written: Tensor, output: Tensor) -> Tensor:
    """Write an output into a tensor, as an activation in place does. Changes and returns it."""
    return written if output is written else written.copy_(output)
