"""Batches: shuffled by the `order` stream, augmented as tensors, normalised on the device."""

from collections.abc import Iterator
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from nvp.config import DataConfig
from nvp.data.splits import Images
from nvp.seed import generator

PADDING = 4


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Return the number of whole batches in `count` images; the rest waits for the next epoch.

    Raises:
        ValueError: when there is not one.
    """
    if batch_size > count:
        raise ValueError(
            f"data.batch_size: expected at most the {count} images of the train split, "
            f"got {batch_size}"
        )
    return count // batch_size


def train_batches(
    images: Images, config: DataConfig, *, seed: int, epoch: int
) -> Iterator[tuple[Float[Tensor, "b c h w"], Int64[Tensor, "b"]]]:
    """Yield the whole batches of one epoch, in an order that only (seed, epoch) decides."""
    device = images.pixels.device
    order = torch.randperm(len(images), generator=generator(seed, "order", epoch)).to(device)
    augment = generator(seed, "augment", epoch)
    view = shifted_view(images.pixels) if config.augment == "crop_flip" else None
    for step in range(steps_per_epoch(len(images), config.batch_size)):
        index = order[step * config.batch_size : (step + 1) * config.batch_size]
        pixels = images.pixels[index] if view is None else crop_flip(view, index, augment)
        yield normalise(pixels, images), images.labels[index]


def normalise(pixels: UInt8[Tensor, "b c h w"], images: Images) -> Float[Tensor, "b c h w"]:
    """Return (pixels / 255 - mean) / std as float32."""
    scale, shift = affine_of(images.mean, images.std, pixels.device)
    return torch.addcmul(shift, pixels.to(torch.float32), scale)


@lru_cache(maxsize=8)
def affine_of(
    mean: tuple[float, ...], std: tuple[float, ...], device: torch.device
) -> tuple[Float[Tensor, "1 c 1 1"], Float[Tensor, "1 c 1 1"]]:
    """Return scale and shift such that pixel * scale + shift is normalised."""
    scale = 1 / (255 * torch.tensor(std, dtype=torch.float64))
    shift = -torch.tensor(mean, dtype=torch.float64) / torch.tensor(std, dtype=torch.float64)
    as_map = (t.to(torch.float32).view(1, -1, 1, 1).to(device) for t in (scale, shift))
    return next(as_map), next(as_map)


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


GPU_EVAL_BATCH = 512
CPU_EVAL_PIXELS = 2**16  # 64 images of 32x32: feature maps stay in the cache, 1.6 x faster than 512


def eval_batches(
    images: Images, batch_size: int | None = None
) -> Iterator[tuple[Float[Tensor, "b c h w"], Int64[Tensor, "b"]]]:
    """Yield all images in order, un-augmented; the default batch size is what suits the device."""
    batch_size = batch_size or eval_batch_size(images)
    for start in range(0, len(images), batch_size):
        part = images.select(slice(start, start + batch_size))
        yield normalise(part.pixels, images), part.labels


def eval_batch_size(images: Images) -> int:
    """Return how many images to evaluate at once on their device."""
    if images.pixels.device.type != "cpu":
        return GPU_EVAL_BATCH
    _, height, width = images.shape
    return max(64, CPU_EVAL_PIXELS // (height * width))
