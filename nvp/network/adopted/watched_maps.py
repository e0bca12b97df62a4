"""Watching the maps of an adopted network: what each linear map and convolution is given.

A mode of torch's functions sees the real input of each call, behind all sums, views and products,
whether a module or a function makes the call. So nobody has to know which layer a map reads.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Size, Tensor, nn
from torch.overrides import TorchFunctionMode

from nvp.network.adopted.adopted import Adopted

PLAIN = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
TRANSPOSED = (
    "input",
    "weight",
    "bias",
    "stride",
    "padding",
    "output_padding",
    "groups",
    "dilation",
)
MAPS: dict[Callable[..., Any], tuple[str, ...]] = {
    F.linear: PLAIN[:3],
    F.conv1d: PLAIN,
    F.conv2d: PLAIN,
    F.conv_transpose1d: TRANSPOSED,
    F.conv_transpose2d: TRANSPOSED,
}


@dataclass(frozen=True)
class Window:
    """The arguments of a convolution; of one over one dimension, the height is 1.

    Attributes:
        stride: by height and width, as all of these.
        padding: zeros at each side; (before, after) of the height, then of the width.
        dilation: step between the entries of a kernel.
        groups: of channels.
        transposed: whether it is a transposed one, whose weight has a row for each input.
        output_padding: of a transposed one: rows and columns at the end of its output.
    """

    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class MapCall:
    """One call of a map.

    Attributes:
        weight: its name, as in `named_parameters`.
        number: how many-th call with that weight in the forward pass, from 0.
        bias: the name of its bias; "" where there is none, None where it is no parameter.
        inputs: (rows, ..., c) of a linear map, (rows, c, height, width) of a convolution.
        window: the arguments of a convolution; None of a linear map.
    """

    weight: str
    number: int
    bias: str | None
    inputs: Tensor
    window: Window | None

    @property
    def kind(self) -> tuple[bool, int, bool]:
        """Return what calls with one weight must have in common, so that it has the same inputs."""
        window = self.window
        return (True, 1, False) if window is None else (False, window.groups, window.transposed)


@contextmanager
def watch_maps(model: Adopted, see: Callable[[MapCall], object]) -> Iterator["MapMode"]:
    """Call `see(call)` at each map whose weight is a parameter, for a while."""
    mode = MapMode(model, see)
    handle = model.register_forward_pre_hook(lambda module, args: mode.calls.clear())
    try:
        with mode:
            yield mode
    finally:
        handle.remove()


class MapMode(TorchFunctionMode):
    """Shows calls of maps.

    Attributes:
        calls: {weight: how often it was called in the forward pass that runs}.
        others: names of parameters that something else used, or a map in a way not known here.
    """

    def __init__(self, model: Adopted, see: Callable[[MapCall], object]) -> None:
        super().__init__()
        self.names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.see, self.calls = see, Counter[str]()
        self.others: set[str] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        used = {self.names[id(one)] for one in (*args, *kwargs.values()) if id(one) in self.names}
        if used:
            call = self.read_call(func, args, kwargs)
            if call is not None:
                self.calls[call.weight] += 1
                self.see(call)
            elif isinstance(output, Tensor | tuple) and not isinstance(output, Size):
                self.others |= used  # a question, as for the shape of a weight, does not count
        return output

    def read_call(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> MapCall | None:
        """Return the call of a map; None for any other, and for one without rows."""
        if func not in MAPS:
            return None
        named = dict(zip(MAPS[func], args, strict=False)) | kwargs
        inputs, weight, bias = named["input"], named["weight"], named.get("bias")
        if id(weight) not in self.names or id(inputs) in self.names:
            return None
        name = "" if bias is None else self.names.get(id(bias))
        if inputs.dim() < (2 if func is F.linear else weight.dim()):
            return None
        number, window = self.calls[self.names[id(weight)]], None
        if func is not F.linear:
            window = read_window(weight, named, transposed=MAPS[func] is TRANSPOSED)
            inputs = inputs if inputs.dim() == 4 else inputs.unsqueeze(2)
        return MapCall(self.names[id(weight)], number, name, inputs, window)


def read_window(weight: Tensor, named: dict[str, Any], *, transposed: bool) -> Window:
    """Return the window of a convolution from its arguments by name."""
    dims = weight.dim() - 2
    stride, dilation = (fill(named.get(key, 1), dims, 1) for key in ("stride", "dilation"))
    kernel = fill(tuple(weight.shape[2:]), dims, 1)
    padding = named.get("padding", 0)
    if padding == "same":
        whole = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
        sides = [(size // 2, size - size // 2) for size in whole]
    else:
        sides = [(size, size) for size in fill(0 if padding == "valid" else padding, dims, 0)]
    return Window(
        stride=stride,
        padding=(*sides[0], *sides[1]),
        dilation=dilation,
        groups=named.get("groups", 1),
        transposed=transposed,
        output_padding=fill(named.get("output_padding", 0), dims, 0),
    )


def fill(value: int | tuple[int, ...], dims: int, empty: int) -> tuple[int, int]:
    """Return a number for height and width; `empty` for the height where there is one dimension."""
    values = (value,) * dims if isinstance(value, int) else tuple(value) * (dims // len(value))
    return (empty, values[0]) if dims == 1 else (values[0], values[1])


def window_of(affine: nn.Conv2d) -> Window:
    """Return the window of a convolution module."""
    named = {key: getattr(affine, key) for key in PLAIN[3:]}
    return read_window(affine.weight, named, transposed=False)
