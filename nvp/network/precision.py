"""In what precision a network computes. Its weights, their gradients and moments stay float32."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16")


def compute_logits(
    model: nn.Module, pixels: Float[Tensor, "b c h w"], precision: str
) -> Float[Tensor, "b k"]:
    """Return the logits, at least float32.

    With bfloat16, convolutions and linear maps compute in it and the activations are rounded to it;
    the criteria that need derivatives or maps compute in float32 all the same.
    """
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits = model(pixels)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
