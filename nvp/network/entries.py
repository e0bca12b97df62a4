"""Entries of a parameter along one dimension: set to 0, or kept alone, moments and masks along."""

from collections.abc import Mapping

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.optim import Optimizer


def zero_entries(
    parameter: Tensor, optimizer: Optimizer | None, index: Int64[Tensor, "k"], *, dim: int
) -> None:
    """Set a parameter and its optimizer moments to 0 at `index` of `dim`."""
    for tensor in (parameter, *find_moments(parameter, optimizer).values()):
        tensor.data.index_fill_(dim, index, 0)


def find_moments(parameter: Tensor, optimizer: Optimizer | None) -> dict[str, Tensor]:
    """Return {key: moment} of the optimizer's tensors that have an entry for each of a parameter's.

    Without an optimizer there are none.
    """
    state: Mapping[str, object] = {} if optimizer is None else optimizer.state.get(parameter, {})
    return {
        key: value
        for key, value in state.items()
        if isinstance(value, Tensor) and value.shape == parameter.shape
    }


def keep_entries(
    parameter: Tensor, optimizer: Optimizer | None, index: Int64[Tensor, "k"], *, dim: int
) -> None:
    """Remove all but the entries `index` of `dim` of a parameter. Changes it and its moments."""
    for key, moment in find_moments(parameter, optimizer).items():
        assert optimizer is not None
        optimizer.state[parameter][key] = take_entries(moment, index, dim, like=parameter)
    kept = take_entries(parameter.data, index, dim, like=parameter)
    # A loss that is still in a variable keeps the parameter's node of the graph, which holds its
    # old shape, and the next backward pass would fail. torch forgets the node with the type.
    other = torch.float64 if parameter.dtype != torch.float64 else torch.float32
    parameter.data = torch.empty(0, dtype=other, device=parameter.device)
    parameter.data = kept
    parameter.grad = None


def take_entries(values: Tensor, index: Int64[Tensor, "k"], dim: int, *, like: Tensor) -> Tensor:
    """Return the entries `index` of dimension `dim`, in the memory format of `like`.

    A moment must have the format of its parameter: a fused optimizer pairs their entries in the
    order in which they lie in memory, and would otherwise mix them up silently.
    """
    # by strides, as `is_contiguous(memory_format=...)` is true of both formats for 1x1 kernels
    last = like.dim() == 4 and like.stride(1) == 1 and like.stride(3) == like.shape[1]
    kind = torch.channels_last if last else torch.contiguous_format
    kept = values.index_select(dim, index)
    return torch.empty_like(kept, memory_format=kind).copy_(kept)
