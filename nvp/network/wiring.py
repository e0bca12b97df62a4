"""Which layer reads which in a network, and how much signal flows there, by forward hooks.

A residual stream is one group, but several layers write to it in turn. Here a reader is traced to
the *layer* whose output it reads, so that a channel may be removed from one layer of the stream on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import Tensor, nn

from nvp.network.neuron_layer import NeuronLayer, Shortcut
from nvp.network.subsample import Subsample

See = Callable[[str, nn.Module, list[Tensor], Tensor], None]
POOLS = (nn.MaxPool2d, nn.AvgPool2d)  # channels go through them as they are
MAKERS = (NeuronLayer, Subsample, *POOLS)
CHUNK = 256  # images per forward pass: it bounds memory and does not change the means


@dataclass(frozen=True)
class Wiring:
    """Which module reads the output of which, as paths of modules in forward order.

    Attributes:
        reads: {affine map or `Subsample`: the neuron layer whose output it reads}; "" for the
            image, and where `model.reads` has no entry.
        adds: {layer that adds a residual: the module that made the residual}, which is a neuron
            layer (identity), a `Shortcut` or a `Subsample`; "" for any other.
    """

    reads: dict[str, str] = field(default_factory=dict)
    adds: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """Means of absolute values over images: {path: Float[Tensor, "c *positions"]}.

    Attributes:
        inputs: of the input of each affine map.
        outputs: of the output of each neuron layer, after its activation.
        branches: of the branch to which a layer adds a residual.
        residuals: of that residual, before any mask.
    """

    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    branches: dict[str, Tensor] = field(default_factory=dict)
    residuals: dict[str, Tensor] = field(default_factory=dict)


def trace_wiring(model: nn.Module, pixels: Tensor) -> Wiring:
    """Return the wiring of `model`, from a forward pass over `pixels`.

    A reader of a group reads the layer of the group that ran last. A residual is recognised by
    identity: it is the same tensor object that a module returned, or that tensor pooled.
    """
    wiring, groups = Wiring(), getattr(model, "reads", {})
    latest: dict[str, str] = {}
    # {id of a tensor: path of the module that made it, the tensor}. The tensor is kept alive
    # because Python gives the id of a dead object to a new one.
    made: dict[int, tuple[str, Tensor]] = {}

    def maker(tensor: Tensor) -> str:
        return made[id(tensor)][0] if id(tensor) in made else ""

    def see(path: str, module: nn.Module, inputs: list[Tensor], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d | nn.Linear):
            group = groups.get(path, groups.get(path.removesuffix(".affine"), ""))
            wiring.reads[path] = latest.get(group, "")
        if isinstance(module, Subsample):
            wiring.reads[path] = maker(inputs[0])
        if isinstance(module, NeuronLayer) and len(inputs) > 1:
            wiring.adds[path] = maker(inputs[1])
        if isinstance(module, NeuronLayer) and not isinstance(module, Shortcut):
            latest[module.group or path] = path
        if isinstance(module, MAKERS):
            made[id(output)] = maker(inputs[0]) if isinstance(module, POOLS) else path, output

    with watch_forward(model, see):
        model(pixels)
    return wiring


def measure_flow(model: nn.Module, wiring: Wiring, pixels: Tensor) -> Flow:
    """Return the flow through `model`, as means over the images `pixels`."""
    flow, branches = Flow(), {f"{path}.norm" for path in wiring.adds}

    def see(path: str, module: nn.Module, inputs: list[Tensor], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d | nn.Linear):
            add(flow.inputs, path, inputs[0])
        elif isinstance(module, NeuronLayer) and not isinstance(module, Shortcut):
            add(flow.outputs, path, output)
            if path in wiring.adds:
                add(flow.residuals, path, inputs[1])
        elif path in branches:
            add(flow.branches, path.removesuffix(".norm"), output)

    def add(means: dict[str, Tensor], path: str, values: Tensor) -> None:
        means[path] = means.get(path, 0.0) + values.abs().sum(0) / len(pixels)

    with watch_forward(model, see):
        for chunk in pixels.split(CHUNK):
            model(chunk)
    return flow


@contextmanager
def watch_forward(model: nn.Module, see: See) -> Iterator[None]:
    """Call `see(path, module, tensors it was called with, output)` after each module's forward."""
    handles = [
        module.register_forward_hook(partial(show_call, see, path), with_kwargs=True)
        for path, module in model.named_modules()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def show_call(
    see: See, path: str, module: nn.Module, args: Any, kwargs: Any, output: Tensor
) -> None:
    """Show `see` one call of a module, as a forward hook."""
    see(path, module, [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)], output)
