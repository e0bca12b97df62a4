"""The precision of a forward pass. Weights, their gradients and moments are always float32."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16")
Inputs: TypeAlias = Tensor | Mapping[str, Tensor]  # of a forward pass: images, or named inputs


def compute_logits(
    model: nn.Module, pixels: Float[Tensor, "b c h w"], precision: str
) -> Float[Tensor, "b k"]:
    """Return the logits, at least float32.

    With bfloat16, convolutions and linear maps compute in it, and activations are rounded to it.
    Criteria that need derivatives or feature maps do not call this: they compute in float32.
    """
    logits = run_forward(model, pixels, precision)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def run_forward(model: nn.Module, inputs: Inputs, precision: str) -> Any:
    """Return the output of a network, whatever it is; named inputs are given by their names."""
    tensors = list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]
    device = tensors[0].device.type
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
        return model(**inputs) if isinstance(inputs, Mapping) else model(inputs)
