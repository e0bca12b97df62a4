"""Derivatives of a loss by named tensors, summed over batches.

Everything goes through torch.autograd.grad, so no `.grad` is touched.
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

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


def as_channels(values: Float[Tensor, "f"], output: Float[Tensor, "n f *positions"]) -> Tensor:
    """Return one value per neuron, shaped to broadcast over images and positions."""
    return values.view(-1, *[1] * (output.dim() - 2))


def join_single(batches: Iterable[Batch], model: nn.Module) -> Iterator[Batch]:
    """Yield batches; one of a single image joins that before it where the model cannot take it.

    Batch normalisation that computes with the statistics of the batch needs two values at least.
    """
    before: Batch | None = None
    for inputs, labels in batches:
        if before is not None and len(labels) == 1 and not takes(model, inputs):
            before = torch.cat([before[0], inputs]), torch.cat([before[1], labels])
            continue
        if before is not None:
            yield before
        before = inputs, labels
    if before is not None:
        yield before


def takes(model: nn.Module, inputs: Tensor) -> bool:
    """Whether a forward pass over the inputs raises no ValueError, in the mode that it is in."""
    with torch.no_grad():
        try:
            model(inputs)
        except ValueError:
            return False
    return True
