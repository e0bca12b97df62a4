"""Plain torch: a network of neuron layers as `torch.nn` modules alone, and as source code.

Masked neurons are removed and constant ones folded; masks, names of streams and indices are gone.
The normalisation of the input is its first step.
"""

import copy
import operator
import re
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from nvp.network.constant_folding import fold_constants
from nvp.network.dropout import Dropout
from nvp.network.groups import own_layers
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.norms import absorb_shift
from nvp.network.removal import find_survivors, keep_units

HEAD = '''"""A trained network; needs torch alone.

It takes {takes}.

    from safetensors.torch import load_file
    network = Network()
    network.load_state_dict(load_file("network.safetensors"))
    network.eval()
"""

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
'''


class PlainLayer(nn.Module):
    """A neuron layer without its masks; `passes` is 0 where a residual is cut off, 1 elsewhere."""

    passes: Tensor | None

    def __init__(self, layer: NeuronLayer) -> None:
        super().__init__()
        self.affine, self.norm, self.activation = layer.affine, layer.norm, layer.activation
        self.register_buffer("passes", None)
        if layer.group:
            passes = layer.keep & layer.residual_keep
            if not bool(passes.all()):
                self.passes = passes.to(layer.weight.dtype).view(-1, 1, 1)

    def forward(self, x, residual=None):
        y = self.norm(self.affine(x))
        if residual is not None:
            y = y + (residual if self.passes is None else residual * self.passes)
        return self.activation(y)


@dataclass(frozen=True)
class Scaling:
    """How pixels / 255 become what a network was trained on: (x - mean) / std, for each channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return pixels of (n, c, h, w), in [0, 1], as the network was trained on them."""
        mean, std = self.as_maps(pixels.dtype)
        return (pixels - mean) / std

    def as_maps(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation, each as (1, c, 1, 1)."""
        mean, std = (torch.tensor(v, dtype=dtype).view(1, -1, 1, 1) for v in (self.mean, self.std))
        return mean, std


def make_plain(model: nn.Module, scaling: Scaling | None = None) -> fx.GraphModule:
    """Return the network in eval mode, of `torch.nn` modules only; `model` stays as it was.

    Args:
        model: built of `NeuronLayer`, with `reads`; its forward pass goes one way for every input.
        scaling: becomes the first step of the network, with mean and std as its buffers; None = it
            takes what `model` takes.
    """
    network = copy.deepcopy(model).cpu().eval()
    for layer in own_layers(network).values():
        layer.norm = absorb_shift(layer.norm)
    fold_constants(network)
    for layer in own_layers(network).values():
        for parameter in layer.own:
            parameter.data[~layer.keep] = 0  # one masked neuron of an empty layer stays: silent
    keep_units(network, find_survivors(network))
    for path, layer in own_layers(network).items():
        replace_module(network, path, PlainLayer(layer))
    for path, module in list(network.named_modules()):
        if isinstance(module, Dropout):
            replace_module(network, path, nn.Dropout(module.p))
    traced = fx.symbolic_trace(network)
    if scaling is not None:
        insert_scaling(traced, scaling)
    return flatten_modules(traced).eval()


def insert_scaling(network: fx.GraphModule, scaling: Scaling) -> None:
    """Make (x - mean) / std the first step of a network. Changes `network`."""
    maps = scaling.as_maps(next(network.parameters()).dtype)
    for name, values in zip(("mean", "std"), maps, strict=True):
        network.register_buffer(name, values)
    graph = network.graph
    pixels = next(node for node in graph.nodes if node.op == "placeholder")
    with graph.inserting_after(pixels):
        mean = graph.get_attr("mean")
    with graph.inserting_after(mean):
        std = graph.get_attr("std")
    with graph.inserting_after(std):
        centred = graph.call_function(operator.sub, (pixels, mean))
    with graph.inserting_after(centred):
        scaled = graph.call_function(operator.truediv, (centred, std))
    pixels.replace_all_uses_with(scaled, delete_user_cb=lambda user: user is not centred)


def replace_module(model: nn.Module, path: str, module: nn.Module) -> None:
    """Replace the module of `model` at `path`, in place."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)


def flatten_modules(network: fx.GraphModule) -> fx.GraphModule:
    """Return the network with its modules side by side and no identities; changes its graph."""
    parts: dict[str, nn.Module | Tensor] = {}
    for node in network.graph.nodes:
        if node.op not in ("call_module", "get_attr"):
            continue
        path, name = str(node.target), str(node.target).replace(".", "_")
        module = network.get_submodule(path) if node.op == "call_module" else None
        if isinstance(module, nn.Identity):
            node.replace_all_uses_with(node.args[0])
            network.graph.erase_node(node)
            continue
        parts[name] = network.get_buffer(path) if module is None else module
        node.target = name
    return fx.GraphModule(parts, network.graph, "Network")


def make_source(network: fx.GraphModule) -> str:
    """Return Python that defines the network as a class `Network`, without its weights."""
    modules = {name: repr(module) for name, module in network.named_children()}
    lines = [f"        self.{name} = nn.{make_call(module)}" for name, module in modules.items()]
    for name, buffer in network.named_buffers(recurse=False):
        zeros = f"torch.zeros({tuple(buffer.shape)}, dtype={buffer.dtype})"
        lines.append(f'        self.register_buffer("{name}", {zeros})')
    forward = re.sub(r";  .*$", "", network.code.strip(), flags=re.MULTILINE)
    body = [f"    {line}".rstrip() for line in forward.splitlines()]
    scaled = "std" in dict(network.named_buffers(recurse=False))
    takes = "pixels / 255, as (images, channels, rows, columns)" if scaled else "normalised images"
    return HEAD.format(takes=takes) + "\n".join([*lines, "", *body]) + "\n"


def make_call(module: str) -> str:
    """Return the call that makes a module, from its repr; versions of torch before 2.13 take it."""
    return module.replace("affine=True, bias=True", "affine=True")


def measure_distance(
    one: nn.Module, other: nn.Module, pixels: Tensor, theirs: Tensor | None = None
) -> float:
    """Return the largest difference of two networks' logits, relative to the largest logit.

    Args:
        one: a network.
        other: another one.
        pixels: of the first, and of the other where `theirs` is None.
        theirs: of the other.
    """
    with torch.no_grad():
        for network in (one, other):
            if network.training:  # an exported program has no other mode, and refuses the call
                network.eval()
        a, b = one(pixels), other(pixels if theirs is None else theirs)
    return float((a - b).abs().max() / a.abs().max().clamp(min=1))
