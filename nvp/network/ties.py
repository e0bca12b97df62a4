"""Tied tensors: one tensor that a network has under several names, as an embedding and a head.

It is saved under its first name, and has all of its names again in a network that ties them.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.func import functional_call


def find_first_names(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return {name: the first name that the same tensor has}, of each tensor of a network."""
    first: dict[object, str] = {}
    return {name: first.setdefault(identify(tensor), name) for name, tensor in tensors.items()}


def identify(tensor: Tensor) -> object:
    """Return what is equal for one tensor under two names; a tensor without entries is itself."""
    if tensor.numel() == 0:
        return id(tensor)
    return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()


def drop_ties(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return each tensor once, under its first name."""
    return {
        name: tensors[name] for name, first in find_first_names(tensors).items() if name == first
    }


def restore_ties(tensors: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return kept tensors under all of their names, as a network ties them.

    Args:
        tensors: that `drop_ties` kept; or all of them, under all names.
        network: the `state_dict()` of a network that has the same ties.
    """
    firsts = find_first_names(network)
    missing = {name: first for name, first in firsts.items() if name not in tensors}
    return dict(tensors) | {n: tensors[first] for n, first in missing.items() if first in tensors}


def call_with(network: nn.Module, tensors: Mapping[str, Tensor], pixels: Tensor) -> Tensor:
    """Return the outputs of a network that computes with other tensors; it stays as it was.

    torch's own handling of ties (2.14) leaves such tensors in a module that has two names.

    Args:
        network: any.
        tensors: {first name of a parameter or buffer: what it computes with}.
        pixels: its inputs.
    """
    firsts = {tensor: name for name, tensor in network.named_parameters()}
    firsts |= {tensor: name for name, tensor in network.named_buffers()}
    places = {}
    for path, module in network.named_modules():  # each once, whatever its names
        own = {**module._parameters, **module._buffers}
        for leaf, tensor in own.items():
            if tensor is not None and firsts[tensor] in tensors:
                places[f"{path}.{leaf}" if path else leaf] = tensors[firsts[tensor]]
    return functional_call(network, places, (pixels,), tie_weights=False)
