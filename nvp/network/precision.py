"""The precision of a forward pass. Weights, their gradients and moments are always float32."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16")


def compute_logits(
    model: nn.Module, pixels: Float[Tensor, "b c h w"], precision: str
) -> Float[Tensor, "b k"]:
    """Return the logits, at least float32.

    With bfloat16, convolutions and linear maps compute in it, and activations are rounded to it.
    Criteria that need derivatives or feature maps do not call this: they compute in float32.
    """
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits = model(pixels)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
