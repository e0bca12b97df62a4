"""Calls of activation functions: where neurons are seen, whether a module or a function makes them.

The forward passes of modules are followed with hooks, and the calls with a mode of torch that sees
every function that is called on a tensor. Both are there only while somebody looks.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nvp.network.adopting.in_place import clone_if, find_written, write_into

# Gates (sigmoid) are counted, too: whether a call is a gate is known only after the forward pass.
NAMES = {
    "relu": "relu relu_",
    "relu6": "relu6",
    "leaky_relu": "leaky_relu leaky_relu_",
    "prelu": "prelu",
    "rrelu": "rrelu rrelu_",
    "threshold": "threshold threshold_",
    "elu": "elu elu_",
    "selu": "selu selu_",
    "celu": "celu celu_",
    "silu": "silu",
    "gelu": "gelu",
    "mish": "mish",
    "softplus": "softplus",
    "softsign": "softsign",
    "hardswish": "hardswish",
    "hardtanh": "hardtanh hardtanh_",
    "tanh": "tanh tanh_",
    "clamp": "clamp clamp_ clip clip_ clamp_min clamp_min_",
    "sigmoid": "sigmoid sigmoid_ hardsigmoid",
}
GATES = ("sigmoid",)
ACTIVATIONS: dict[Callable[..., Any], str] = {
    getattr(place, function): name
    for name, functions in NAMES.items()
    for function in functions.split()
    for place in (F, torch, Tensor)
    if hasattr(place, function)
}


@dataclass(frozen=True)
class Call:
    """One call of an activation function.

    Attributes:
        module: path of the innermost module whose forward pass makes the call; "" for the network.
        number: how many-th activation call of that module's forward passes, from 0.
        function: name of the activation function, a key of `NAMES`.
    """

    module: str
    number: int
    function: str


See = Callable[[Call, Tensor], Tensor | None]


@contextmanager
def watch_activations(network: nn.Module, see: See) -> Iterator["ModulePath"]:
    """Call `see(call, output)` at each activation call of the network's forward passes.

    What `see` returns takes the place of the output; None leaves it. The numbers of calls begin
    anew with each forward pass of the network.
    """
    path = ModulePath(network)
    with path.followed(), ActivationMode(path, see):
        yield path


class ModulePath:
    """Which module of a network is in its forward pass now, the innermost one."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.stack: list[str] = []
        self.calls: Counter[str] = Counter()

    @property
    def innermost(self) -> str:
        return self.stack[-1] if self.stack else ""

    @property
    def module(self) -> nn.Module:
        return self.network.get_submodule(self.innermost)

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow the forward passes with hooks, which are gone afterwards."""
        with ExitStack() as hooks:
            for path, module in self.network.named_modules():
                if not isinstance(module, torch.jit.ScriptModule):
                    enter, leave = self.enter_and_leave(path)
                    hooks.enter_context(module.register_forward_pre_hook(enter))
                    hooks.enter_context(module.register_forward_hook(leave, always_call=True))
            yield

    def enter_and_leave(self, path: str) -> tuple[Callable[..., None], Callable[..., None]]:
        """Return the two hooks of the module at `path`."""

        def enter(module: nn.Module, args: object) -> None:
            if not path:
                self.stack.clear()
                self.calls.clear()
            self.stack.append(path)

        def leave(module: nn.Module, args: object, output: object) -> None:
            if self.stack:
                self.stack.pop()

        return enter, leave

    def count(self, function: str) -> Call:
        """Return the call that is made now."""
        self.calls[self.innermost] += 1
        return Call(self.innermost, self.calls[self.innermost] - 1, function)


class ActivationMode(TorchFunctionMode):
    """Shows the output of each activation call to `see`, which may replace it."""

    def __init__(self, path: ModulePath, see: See) -> None:
        super().__init__()
        self.path, self.see = path, see

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = ACTIVATIONS.get(func)
        if name is None:
            return func(*args, **kwargs)
        written = find_written(func, args, kwargs)
        if written is not None and torch.is_grad_enabled():
            # the derivative needs what the function puts out, so a copy is written into
            args = tuple(clone_if(one, written) for one in args)
            kwargs = {name: clone_if(one, written) for name, one in kwargs.items()}
        output = func(*args, **kwargs)
        if not isinstance(output, Tensor):
            return output
        if name == "hardtanh" and (*args, *kwargs.values())[1:3] == (0.0, 6.0):
            name = "relu6"  # as `nn.ReLU6` calls it
        replacement = self.see(self.path.count(name), output)
        output = output if replacement is None else replacement
        return output if written is None else write_into(written, output)
