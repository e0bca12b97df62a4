"""Splits: the images that a trial trains on, is watched over and is judged by.

Small sets are `Images`: decoded once, uint8, resident on the device. A set that does not fit is a
`Stream` (`nvp.data.stream`). Both are an `ImageSource`, which is all that batches need.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from nvp.data.augment import crop_flip, draw_crops, make_shifted_view

Batch = tuple[UInt8[Tensor, "b c h w"], Int64[Tensor, "b"]]


@runtime_checkable
class ImageSource(Protocol):
    """Images and labels of one split, wherever the pixels are."""

    @property
    def labels(self) -> Tensor:
        """Return the class of every image, int64 (n,), on the device."""
        ...

    @property
    def mean(self) -> tuple[float, ...]:
        """Return the mean of each channel, of values in [0, 1]."""
        ...

    @property
    def std(self) -> tuple[float, ...]:
        """Return the standard deviation of each channel, of values in [0, 1]."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (channels, height, width) of the images of a batch."""
        ...

    @property
    def device(self) -> torch.device:
        """Return where batches come out."""
        ...

    def __len__(self) -> int: ...

    def select(self, index: Tensor | slice) -> "ImageSource":
        """Return the images at `index`."""
        ...

    def to(self, device: torch.device | str) -> "ImageSource":
        """Return the same images, whose batches come out on `device`."""
        ...

    def first(self, size: int) -> "Images":
        """Return the first min(size, n) images, un-augmented and resident."""
        ...

    def augmented_batches(
        self, order: Int64[Tensor, "s b"], augment: str, rng: torch.Generator
    ) -> Iterator[Batch]:
        """Yield a batch for each row of `order` (on the CPU), augmented by draws from `rng`."""
        ...

    def plain_batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield all images in order, un-augmented."""
        ...


@dataclass(frozen=True)
class Images:
    """Resident images of one split.

    Attributes:
        pixels: uint8 (images, channels, height, width).
        labels: the class of each image, int64 (images,).
        mean: of each channel, of values in [0, 1]; batches are normalised by it.
        std: the standard deviation of each channel, of values in [0, 1].
        permutation: the order in which the inputs of a network are taken from a normalised image,
            all channels together; None = as they lie.
        seen: True for each class that a loss is over; None = all.
    """

    pixels: UInt8[Tensor, "n c h w"]
    labels: Int64[Tensor, "n"]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    permutation: Int64[Tensor, "p"] | None = None
    seen: Bool[Tensor, "k"] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (channels, height, width)."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def device(self) -> torch.device:
        """Return where the pixels are."""
        return self.pixels.device

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Images":
        """Return the images at `index`."""
        return replace(self, pixels=self.pixels[index], labels=self.labels[index])

    def to(self, device: torch.device | str) -> "Images":
        """Return the same images on `device`."""
        names = ("pixels", "labels", "permutation", "seen")
        there = {name: getattr(self, name) for name in names}
        return replace(self, **{k: None if t is None else t.to(device) for k, t in there.items()})

    def first(self, size: int) -> "Images":
        """Return the first min(size, n) images."""
        return self.select(slice(0, size))

    def augmented_batches(
        self, order: Int64[Tensor, "s b"], augment: str, rng: torch.Generator
    ) -> Iterator[Batch]:
        """Yield the images of each row of `order`; crop_flip shifts and mirrors them."""
        rows = order.to(self.device)
        if augment != "crop_flip":
            # whole images are copied: an index between brackets copies value by value on a CPU
            yield from (
                (self.pixels.index_select(0, i), self.labels.index_select(0, i)) for i in rows
            )
            return
        steps, count = order.shape
        view, crops = make_shifted_view(self.pixels), draw_crops(steps, count, rng).to(self.device)
        for index, crop in zip(rows, crops, strict=True):
            yield crop_flip(view, index, crop), self.labels.index_select(0, index)

    def plain_batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield all images in order."""
        for start in range(0, len(self), batch_size):
            batch = self.select(slice(start, start + batch_size))
            yield batch.pixels, batch.labels


@dataclass(frozen=True)
class Splits:
    """Train, validation and test images. The probe is the first images of train.

    Pruning, stopping and selection see train and val; test is touched once, at a trial's end.

    Attributes:
        train: what a network is trained on, and observed over.
        val: what accuracies while training are of.
        test: what the accuracy at the end is of.
        num_classes: of the labels, which are 0 to num_classes - 1.
        task_images: train images of each task of the trial, of which these are one; () = no tasks.
    """

    train: ImageSource
    val: ImageSource
    test: ImageSource
    num_classes: int
    task_images: tuple[int, ...] = ()

    @property
    def train_images(self) -> tuple[int, ...]:
        """Return how many images each task of the trial trains on; without tasks there is one."""
        return self.task_images or (len(self.train),)

    def probe(self, size: int) -> Images:
        """Return the first min(size, n) train images; vitality is measured over them."""
        return self.train.first(size)

    def to(self, device: torch.device | str) -> "Splits":
        """Return the same splits on `device`."""
        train, val, test = (s.to(device) for s in (self.train, self.val, self.test))
        return replace(self, train=train, val=val, test=test)


def draw_permutation(count: int, seed: int = 0) -> Int64[Tensor, "n"]:
    """Return the fixed permutation by which every trial makes the same splits."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
