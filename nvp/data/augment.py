"""Augmentation as tensor operations on a whole batch.

Sources: He et al., "Deep residual learning for image recognition", 2016, section 4.2 (4 pixels of
padding, random crop, mirror image); DeVries and Taylor, "Improved regularization of convolutional
neural networks with Cutout", 2017.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

PADDING = 4


def shifted_view(pixels: UInt8[Tensor, "n c h w"]) -> UInt8[Tensor, "n c dy dx h w"]:
    """Return every shift of the zero-padded images as a view that copies nothing."""
    height, width = pixels.shape[2:]
    padded = F.pad(pixels, (PADDING,) * 4)
    return padded.unfold(2, height, 1).unfold(3, width, 1)


def crop_flip(
    view: UInt8[Tensor, "n c dy dx h w"], index: Int64[Tensor, "b"], rng: torch.Generator
) -> UInt8[Tensor, "b c h w"]:
    """Return the images at `index`, each shifted by up to 4 pixels, every second one mirrored."""
    count = len(index)
    shift = torch.randint(0, 2 * PADDING + 1, (2, count), generator=rng).to(view.device)
    flip = (torch.rand(count, generator=rng) < 0.5).to(view.device)
    pixels = view[index, :, shift[0], shift[1]]
    return torch.where(flip.view(-1, 1, 1, 1), pixels.flip(-1), pixels)


def cut_out(
    pixels: Float[Tensor, "b c h w"], side: int, rng: torch.Generator
) -> Float[Tensor, "b c h w"]:
    """Return normalised images with one square hole each, of 0: the mean colour.

    The centre is uniform over all pixels, so a hole may be clipped at the border, as in the paper.

    Args:
        pixels: normalised images.
        side: pixels of the hole's side; the hole is the rows centre - side // 2 to that + side - 1.
        rng: of the CPU.
    """
    count, _, height, width = pixels.shape
    top, left = (
        torch.randint(0, size, (count, 1), generator=rng).to(pixels.device) - side // 2
        for size in (height, width)
    )
    row = torch.arange(height, device=pixels.device)
    column = torch.arange(width, device=pixels.device)
    rows = (row >= top) & (row < top + side)
    columns = (column >= left) & (column < left + side)
    return pixels.masked_fill((rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1), 0)
