"""Streamed images: decoded from their files when they are needed, by threads that run ahead.

Decoding leaves Python (the interpreter is free meanwhile), so threads suffice: no worker process
to fork under Ray. Order and crops are drawn before the threads see them, so their number moves no
pixel.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.data.decode import DRAWS, plain_view, random_view
from nvp.data.files import Files
from nvp.data.splits import Batch, Images

AHEAD = 3  # batches
MOST_THREADS = 16
View = Callable[[Path], Tensor]


@dataclass(frozen=True)
class Stream:
    """Images of one split that stay in their files; an `ImageSource`.

    Attributes:
        folder: what the paths of `files` are relative to.
        side: batches hold (3, side, side).
        kept: what `first` has decoded, by size: the probe is decoded once.
    """

    folder: Path
    files: Files
    mean: tuple[float, ...]
    std: tuple[float, ...]
    side: int
    device: torch.device = torch.device("cpu")
    kept: dict[int, Images] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def labels(self) -> Int64[Tensor, "n"]:
        """Return the class of every image, on the device."""
        return self.files.labels.to(self.device)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (channels, height, width) of what a batch holds."""
        return 3, self.side, self.side

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Stream":
        """Return the images at `index`, not decoded yet."""
        where = index if isinstance(index, slice) else index.cpu()
        return replace(self, files=self.files.select(where), kept={})

    def to(self, device: torch.device | str) -> "Stream":
        """Return the same images, whose batches come out on `device`."""
        return replace(self, device=torch.device(device), kept={})

    def first(self, size: int) -> Images:
        """Return the first min(size, n) images, un-augmented, resident on the device."""
        if size not in self.kept:
            part = self.select(slice(0, size))
            batches = list(part.plain(256))
            pixels, labels = (torch.cat(column) for column in zip(*batches, strict=True))
            self.kept[size] = Images(pixels, labels, self.mean, self.std)
        return self.kept[size]

    def augmented(
        self, order: Int64[Tensor, "s b"], augment: str, rng: torch.Generator
    ) -> Iterator[Batch]:
        """Yield the images of each row of `order`; crop_flip takes random resized crops."""
        return self.decoded(
            (self.select(index), self.views(len(index), augment, rng)) for index in order
        )

    def views(self, count: int, augment: str, rng: torch.Generator) -> list[View]:
        """Return how to look at each of `count` images."""
        if augment != "crop_flip":
            return [partial(plain_view, side=self.side)] * count
        draws = torch.rand(count, DRAWS, generator=rng, dtype=torch.float64).tolist()
        return [partial(random_view, side=self.side, draws=row) for row in draws]

    def plain(self, batch_size: int) -> Iterator[Batch]:
        """Yield all images in order, un-augmented."""
        parts = (
            self.select(slice(start, start + batch_size))
            for start in range(0, len(self), batch_size)
        )
        rng = torch.Generator()
        return self.decoded((part, self.views(len(part), "none", rng)) for part in parts)

    def decoded(self, batches: Iterable[tuple["Stream", list[View]]]) -> Iterator[Batch]:
        """Yield batches in their order, `AHEAD` of them being decoded meanwhile."""
        waiting: deque[tuple[Stream, list[Future[Tensor]]]] = deque()
        pool = ThreadPoolExecutor(num_threads(self.device))
        try:
            for part, views in batches:
                jobs = zip(views, part.files.names, strict=True)
                waiting.append((part, [pool.submit(v, self.folder / name) for v, name in jobs]))
                if len(waiting) > AHEAD:
                    yield self.collect(*waiting.popleft())
            while waiting:
                yield self.collect(*waiting.popleft())
        finally:  # also when the trial stops in the middle of an epoch
            pool.shutdown(wait=True, cancel_futures=True)

    def collect(self, part: "Stream", jobs: list[Future[Tensor]]) -> Batch:
        """Return a batch on the device once it is decoded."""
        pixels, labels = torch.stack([job.result() for job in jobs]), part.files.labels
        if self.device.type == "cuda":  # from pinned memory the host need not wait for the copy
            pixels, labels = pixels.pin_memory(), labels.pin_memory()
        return (
            pixels.to(self.device, non_blocking=True),
            labels.to(self.device, non_blocking=True),
        )


def num_threads(device: torch.device) -> int:
    """Return the decoding threads of a trial: one on a CPU, which has a trial for every core."""
    return 1 if device.type == "cpu" else min(MOST_THREADS, len(os.sched_getaffinity(0)))
