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


def make_shifted_view(pixels: UInt8[Tensor, "n c h w"]) -> UInt8[Tensor, "n c dy dx h w"]:
    """Return every shift of the zero-padded images as a view that copies nothing.

    `unfold` only sets strides: [:, :, dy, dx] is the window that starts at row dy and column dx.
    """
    height, width = pixels.shape[2:]
    padded = F.pad(pixels, (PADDING,) * 4)
    return padded.unfold(2, height, 1).unfold(3, width, 1)


def draw_crops(steps: int, count: int, rng: torch.Generator) -> Int64[Tensor, "s 3 b"]:
    """Return (shift down, shift right, mirrored) of every image of every batch of an epoch.

    All are drawn at once and copied to the device once, because each copy makes the host wait.
    """
    return torch.stack([draw_crop(count, rng) for _ in range(steps)])


def draw_crop(count: int, rng: torch.Generator) -> Int64[Tensor, "3 b"]:
    """Return (shift down, shift right, mirrored) of the images of one batch."""
    shift = torch.randint(0, 2 * PADDING + 1, (2, count), generator=rng)
    return torch.cat([shift, (torch.rand(1, count, generator=rng) < 0.5).long()])


def crop_flip(
    view: UInt8[Tensor, "n c dy dx h w"], index: Int64[Tensor, "b"], crops: Int64[Tensor, "3 b"]
) -> UInt8[Tensor, "b c h w"]:
    """Return the images at `index`, shifted and mirrored as `crops` says; all on one device."""
    down, right, mirrored = crops
    pixels = view[index, :, down, right]
    return torch.where(mirrored.bool().view(-1, 1, 1, 1), pixels.flip(-1), pixels)


def draw_holes(
    steps: int, count: int, size: tuple[int, int], rng: torch.Generator
) -> Int64[Tensor, "s 2 b 1"]:
    """Return the (row, column) of the centre of every image's hole, uniform over all pixels."""
    return torch.stack(
        [
            torch.stack([torch.randint(0, side, (count, 1), generator=rng) for side in size])
            for _ in range(steps)
        ]
    )


def cut_out(
    pixels: Float[Tensor, "b c h w"], side: int, centres: Int64[Tensor, "2 b 1"]
) -> Float[Tensor, "b c h w"]:
    """Return normalised images with one square hole each, of 0: the mean colour.

    A hole may be clipped at the border, as in the paper.

    Args:
        pixels: normalised images.
        side: pixels of the hole's side; the hole is the rows centre - side // 2 to that + side - 1.
        centres: (row, column) of each image's hole, on the same device.
    """
    height, width = pixels.shape[2:]
    top, left = centres - side // 2
    row = torch.arange(height, device=pixels.device)
    column = torch.arange(width, device=pixels.device)
    rows = (row >= top) & (row < top + side)
    columns = (column >= left) & (column < left + side)
    return pixels.masked_fill((rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1), 0)
