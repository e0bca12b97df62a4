"""Derivatives of a loss by named tensors, summed over batches, and hooks on neuron layers.

Everything goes through torch.autograd.grad, so no `.grad` is touched.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.network.neuron_layer import NeuronLayer

Batch = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def gradient(
    loss: Loss, variables: dict[str, Tensor], batches: Iterable[Batch]
) -> dict[str, Tensor]:
    """Return {name: d(sum of the batches' losses)/d variable}; 0 for one that nothing reads.

    Args:
        loss: of one batch (inputs, labels); a function of `variables`, a scalar.
        variables: leaves that require a gradient.
        batches: what to sum over.
    """
    inputs = list(variables.values())
    total = [torch.zeros_like(variable) for variable in inputs]
    for batch in batches:
        parts = torch.autograd.grad(loss(*batch), inputs, materialize_grads=True)
        total = [whole + part for whole, part in zip(total, parts, strict=True)]
    return dict(zip(variables, total, strict=True))


def hessian_product(
    loss: Loss,
    variables: dict[str, Tensor],
    vector: dict[str, Tensor],
    batches: Iterable[Batch],
) -> dict[str, Tensor]:
    """Return {name: H v}: the Hessian of the summed loss times a constant, by double backward."""
    inputs = list(variables.values())
    total = [torch.zeros_like(variable) for variable in inputs]
    for batch in batches:
        first = torch.autograd.grad(loss(*batch), inputs, create_graph=True, materialize_grads=True)
        products = [
            (slope * vector[name]).sum() for name, slope in zip(variables, first, strict=True)
        ]
        parts = torch.autograd.grad(torch.stack(products).sum(), inputs, materialize_grads=True)
        total = [whole + part for whole, part in zip(total, parts, strict=True)]
    return dict(zip(variables, total, strict=True))


@contextmanager
def hooked(
    layers: dict[str, NeuronLayer], see: Callable[[str, Tensor], Tensor | None]
) -> Iterator[None]:
    """Call `see(path, output)` after each layer for a while; what it returns is the output."""
    handles = [
        layer.register_forward_hook(partial(show_output, see, path))
        for path, layer in layers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def show_output(
    see: Callable[[str, Tensor], Tensor | None],
    path: str,
    module: nn.Module,
    args: object,
    output: Tensor,
) -> Tensor | None:
    """Show `see` the output of a layer, as a forward hook; what it returns is the output."""
    return see(path, output)


def as_channels(values: Float[Tensor, "f"], output: Float[Tensor, "n f *positions"]) -> Tensor:
    """Return one value per neuron, shaped to broadcast over images and positions."""
    return values.view(-1, *[1] * (output.dim() - 2))
