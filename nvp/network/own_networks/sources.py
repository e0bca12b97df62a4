"""Which groups each affine map reads, found by one forward pass.

The output of every layer becomes the start of a graph of its own, which ends at the maps that read
it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from nvp.network.adopting.undisturbed import set_modes
from nvp.network.neuron_layer import NeuronLayer


def find_sources(model: nn.Module, image_shape: tuple[int, ...]) -> dict[str, set[str]]:
    """Return {path of an affine map: the groups whose outputs it reads with no map between}.

    Raises:
        ValueError: the forward pass fails.
    """
    inputs: dict[str, list[Tensor]] = {}
    starts: dict[str, list[Tensor]] = {}
    with torch.enable_grad(), cut_at_layers(model, inputs, starts):
        run_on_noise(model, image_shape)
    leaves = [(group, leaf) for group, found in starts.items() for leaf in found]
    return {path: trace_back(tensors, leaves) for path, tensors in inputs.items()}


def run_on_noise(model: nn.Module, image_shape: tuple[int, ...]) -> Any:
    """Return what the model puts out in eval mode for one image of noise; it stays as it was.

    Raises:
        ValueError: the forward pass fails.
    """
    like = next(model.parameters())
    pixels = torch.rand(1, *image_shape, generator=torch.Generator().manual_seed(0)).to(like)
    modes = {module: module.training for module in model.modules()}
    try:
        return model.eval()(pixels)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"model.name: expected a network that takes images of {image_shape}, but its forward "
            f"pass fails: {reason}"
        ) from error
    finally:
        set_modes(modes)


def trace_back(inputs: list[Tensor], leaves: list[tuple[str, Tensor]]) -> set[str]:
    """Return the groups whose leaves the inputs of a map were computed from."""
    total = sum(tensor.sum() for tensor in inputs)
    if not (isinstance(total, Tensor) and total.requires_grad):
        return set()
    tensors = [leaf for _, leaf in leaves]
    found = torch.autograd.grad(total, tensors, retain_graph=True, allow_unused=True)
    return {group for (group, _), g in zip(leaves, found, strict=True) if g is not None}


@contextmanager
def cut_at_layers(
    model: nn.Module, inputs: dict[str, list[Tensor]], starts: dict[str, list[Tensor]]
) -> Iterator[None]:
    """Let forward passes note what maps read, and begin a new graph at each layer's output.

    Args:
        model: whose hooks are removed afterwards.
        inputs: filled with {path of a map: its inputs}.
        starts: filled with {group: the leaves that its layers' outputs became}.
    """
    handles = []
    for path, module in model.named_modules():
        if is_affine(module):
            handles.append(module.register_forward_pre_hook(partial(note_input, inputs, path)))
            handles.append(module.register_forward_hook(detach_output))
        elif isinstance(module, NeuronLayer):
            group = module.group or path
            handles.append(module.register_forward_hook(partial(begin_graph, starts, group)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def note_input(inputs: dict[str, list[Tensor]], path: str, module: nn.Module, args: Any) -> None:
    """Note what a map reads, as a hook before its forward pass. Changes `inputs`."""
    inputs.setdefault(path, []).append(args[0])


def detach_output(module: nn.Module, args: Any, output: Tensor) -> Tensor:
    """Return the output of a map without its graph, as a forward hook."""
    return output.detach()


def begin_graph(
    starts: dict[str, list[Tensor]], group: str, module: nn.Module, args: Any, output: Tensor
) -> Tensor:
    """Return the output of a layer as the start of a graph, as a forward hook. Changes `starts`."""
    leaf = output.detach().requires_grad_()
    starts.setdefault(group, []).append(leaf)
    return leaf.clone()  # a leaf may not be changed in place


def is_affine(module: nn.Module) -> bool:
    """Whether a module is an affine map whose columns read neurons."""
    return isinstance(module, nn.Conv2d | nn.Linear)
