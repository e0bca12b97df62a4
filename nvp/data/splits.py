"""Splits: a data set decoded once, uint8, resident on the device."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor


@dataclass(frozen=True)
class Images:
    """Images and labels of one split; `mean` and `std` are per channel, of values in [0, 1]."""

    pixels: UInt8[Tensor, "n c h w"]
    labels: Int64[Tensor, "n"]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (channels, height, width)."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Images":
        """Return the images at `index`."""
        return type(self)(self.pixels[index], self.labels[index], self.mean, self.std)

    def to(self, device: torch.device | str) -> "Images":
        """Return the same images on `device`."""
        return type(self)(self.pixels.to(device), self.labels.to(device), self.mean, self.std)


@dataclass(frozen=True)
class Splits:
    """Train, validation and test images. The probe is the first images of train.

    Pruning, stopping and selection see train and val; test is touched once, at a trial's end.
    """

    train: Images
    val: Images
    test: Images
    num_classes: int

    def probe(self, size: int) -> Images:
        """Return the first min(size, n) train images: what vitality is measured over."""
        return self.train.select(slice(0, size))

    def to(self, device: torch.device | str) -> "Splits":
        """Return the same splits on `device`."""
        train, val, test = (s.to(device) for s in (self.train, self.val, self.test))
        return type(self)(train, val, test, self.num_classes)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What is known of a data set before it is there, and how to get it.

    Attributes:
        image_shape: (channels, height, width).
        num_train: images of the train split.
        load: returns the splits below a folder; ValueError when they are not there.
        download: brings them below a folder unless they are there.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int
    load: Callable[[Path], Splits]
    download: Callable[[Path], None] = lambda root: None


def shuffled(count: int, seed: int = 0) -> Int64[Tensor, "n"]:
    """Return a fixed permutation, the same for every trial, that makes the splits."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
