"""A GPU as far as a CPU can pretend one: tensors that say they are on it, and mind all others.

They compute on the CPU. What a real GPU refuses raises `Mismatch`: a tensor of the CPU among those
of the GPU, unless it has no dimensions or is an index; a generator of another device; numpy.
Only calls from Python are seen. Captured graphs and memory are for tests marked `gpu`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CUDA = torch.device("cuda", 0)
ANY_DEVICE = ("copy_", "__set__", "_has_compatible_shallow_copy_type")
SAME_DEVICE = ("cat", "stack", "gather", "index_select", "index_fill_", "index_fill", "isin")
ATTRIBUTES = {"device": CUDA, "is_cuda": True, "is_cpu": False}


class Mismatch(RuntimeError):
    """A GPU would have refused this."""


class There(Tensor):
    """A tensor that says it is on a GPU."""

    @classmethod
    def __torch_function__(
        cls, function: Callable, types: Any, arguments: Any = (), keywords: Any = None
    ) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            return function(*arguments, **(keywords or {}))


class Generator(torch.Generator):
    """A generator that remembers for which device it was made."""

    def __new__(cls, device: Any = "cpu") -> "Generator":
        return super().__new__(cls, "cpu")

    def __init__(self, device: Any = "cpu") -> None:
        self.there = is_gpu(device)


class Pretended(TorchFunctionMode):
    """Calls every torch function on the CPU, after a look at where its arguments are."""

    def __torch_function__(
        self, function: Callable, types: Any, arguments: Any = (), keywords: Any = None
    ) -> Any:
        keywords = dict(keywords or {})
        with torch._C.DisableTorchFunctionSubclass():
            name = getattr(function, "__name__", "")
            if name in SPECIAL and isinstance(arguments[0], Tensor):
                return SPECIAL[name](function, *arguments, **keywords)
            return call(function, name, arguments, keywords)


def call(function: Callable, name: str, arguments: Any, keywords: dict[str, Any]) -> Any:
    """Call a function; its result is where its arguments are, or where `device` says."""
    tensors = [*find_tensors(arguments), *find_tensors(list(keywords.values()))]
    there = any(isinstance(tensor, There) for tensor in tensors)
    if there and name not in ANY_DEVICE:
        check_devices(name, arguments, tensors)
    if keywords.get("device") is not None:
        there, keywords["device"] = is_gpu(keywords["device"]), "cpu"
    rng = keywords.get("generator")
    if rng is not None and getattr(rng, "there", False) != there:
        raise Mismatch(f"{name}: a generator of another device")
    result = function(*arguments, **keywords)
    return put_there(result) if there else result


def check_devices(name: str, arguments: Any, tensors: list[Tensor]) -> None:
    """Raise Mismatch for a tensor of the CPU that must not be among those of a GPU."""
    here = [tensor for tensor in tensors if not isinstance(tensor, There)]
    if name in ("__getitem__", "__setitem__") and isinstance(arguments[0], There):
        here = find_tensors(arguments[2:])  # an index may be on the CPU
        here = [tensor for tensor in here if not isinstance(tensor, There)]
    changes_cpu = (name.endswith("_") or name == "__getitem__") and arguments[0] in here
    if changes_cpu or name in SAME_DEVICE and here or any(tensor.dim() for tensor in here):
        raise Mismatch(f"{name}: {[tuple(t.shape) for t in here]} on the CPU, others on a GPU")


def is_gpu(device: Any) -> bool:
    """Whether a device, or its name, is a GPU."""
    return str(device).startswith("cuda")


def find_tensors(values: Any) -> list[Tensor]:
    """Return all tensors in nested lists, tuples and values of dictionaries."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return [tensor for value in values for tensor in find_tensors(value)]
    return []


def put_there(result: Any) -> Any:
    """Return a result whose tensors say that they are on a GPU."""
    if type(result) is Tensor:
        return result.as_subclass(There)
    if isinstance(result, list | tuple):
        parts = [put_there(part) for part in result]
        return type(result)(parts) if not hasattr(result, "_fields") else type(result)(*parts)
    return result


def read_attribute(function: Callable, tensor: Tensor, *more: Any) -> Any:
    """Read an attribute; a tensor that it gives is where `tensor` is."""
    name = getattr(function, "__self__", function).__name__
    if not isinstance(tensor, There):
        return function(tensor, *more)
    return ATTRIBUTES[name] if name in ATTRIBUTES else put_there(function(tensor, *more))


def copy_deeply(function: Callable, tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    """Copy a tensor as `copy.deepcopy` does."""
    if not isinstance(tensor, There):
        return function(tensor, memo)
    if id(tensor) not in memo:
        new = tensor.as_subclass(Tensor).detach().clone().as_subclass(There)
        new.requires_grad_(tensor.requires_grad)
        if getattr(tensor, "_is_param", False):
            new._is_param = True  # type: ignore[attr-defined]
        memo[id(tensor)] = new
    return memo[id(tensor)]


def move(function: Callable, tensor: Tensor, *more: Any, **keywords: Any) -> Tensor:
    """Do what `Tensor.to` does."""
    there = isinstance(tensor, There)
    values = [*more, keywords.get("device")]
    for value in values:
        if isinstance(value, str | torch.device):
            there = is_gpu(value)
        elif isinstance(value, Tensor):
            there, more = isinstance(value, There), (value.dtype,)
    more = tuple("cpu" if isinstance(value, str | torch.device) else value for value in more)
    if keywords.get("device") is not None:
        keywords["device"] = "cpu"
    moved = function(tensor.as_subclass(Tensor), *more, **keywords)
    if there == isinstance(tensor, There):
        same = moved.data_ptr() == tensor.data_ptr() and moved.stride() == tensor.stride()
        return tensor if same and moved.dtype == tensor.dtype else put_kept(moved, there=there)
    return put_kept(moved.clone(), there=there)


def put_kept(tensor: Tensor, *, there: bool) -> Tensor:
    """Return a tensor as one of a GPU or of the CPU."""
    return tensor.as_subclass(There if there else Tensor)


def refuse_numpy(function: Callable, tensor: Tensor, *more: Any, **keywords: Any) -> Any:
    """Raise Mismatch for numpy of a tensor on a GPU."""
    if isinstance(tensor, There):
        raise Mismatch("numpy of a tensor on a GPU")
    return function(tensor, *more, **keywords)


SPECIAL: dict[str, Callable] = {
    "__get__": read_attribute,
    "__deepcopy__": copy_deeply,
    "to": move,
    "cpu": lambda function, tensor: move(Tensor.to, tensor, "cpu"),
    "pin_memory": lambda function, tensor: tensor,
    "numpy": refuse_numpy,
    "__array__": refuse_numpy,
    "tolist": lambda function, tensor: function(tensor),
    "item": lambda function, tensor: function(tensor),
}


@contextmanager
def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let "cuda" be a device for a while."""
    autocast = torch.autocast
    monkeypatch.setenv("NVP_CUDA_GRAPH", "0")
    monkeypatch.setattr(torch, "Generator", Generator)
    monkeypatch.setattr(torch, "autocast", lambda device, *a, **k: autocast("cpu", *a, **k))
    for name in ("set_per_process_memory_fraction", "empty_cache", "synchronize"):
        monkeypatch.setattr(torch.cuda, name, lambda *arguments: None)
    # torch may put a moved tensor into the old parameter, which would stay on the CPU here
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with Pretended():
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
