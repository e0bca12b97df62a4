"""Streamed images: decoded from their files when they are needed, by threads that run ahead.

Decoding releases the interpreter lock, so threads suffice, and no worker process is forked under
Ray. Order and crops are drawn before the threads start, so their number changes no pixel.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.config.cores import count_cores
from nvp.data.decode import DRAWS, read_plain_view, read_random_view
from nvp.data.files import Files
from nvp.data.splits import Batch, Images

AHEAD = 3  # batches
MOST_THREADS = 16
View = Callable[[Path], Tensor]


@dataclass(frozen=True)
class Stream:
    """Images of one split that stay in their files; an `ImageSource`.

    Attributes:
        folder: the folder that the paths of `files` are relative to.
        side: of the square images of a batch, in pixels.
        kept: {size: the images that `first` decoded}, so that the probe is decoded once.
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
        """Return (channels, height, width) of the images of a batch."""
        return 3, self.side, self.side

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Stream":
        """Return the images at `index`, not decoded yet."""
        chosen = index if isinstance(index, slice) else index.cpu()
        return replace(self, files=self.files.select(chosen), kept={})

    def to(self, device: torch.device | str) -> "Stream":
        """Return the same images, whose batches come out on `device`."""
        return replace(self, device=torch.device(device), kept={})

    def first(self, size: int) -> Images:
        """Return the first min(size, n) images, un-augmented, resident on the device."""
        if size not in self.kept:
            chosen = self.select(slice(0, size))
            batches = list(chosen.plain_batches(256))
            pixels, labels = (torch.cat(column) for column in zip(*batches, strict=True))
            self.kept[size] = Images(pixels, labels, self.mean, self.std)
        return self.kept[size]

    def augmented_batches(
        self, order: Int64[Tensor, "s b"], augment: str, rng: torch.Generator
    ) -> Iterator[Batch]:
        """Yield the images of each row of `order`; crop_flip takes random resized crops."""
        return self.decode_ahead(
            (self.select(index), self.choose_views(len(index), augment, rng)) for index in order
        )

    def choose_views(self, count: int, augment: str, rng: torch.Generator) -> list[View]:
        """Return the function that decodes each of `count` images."""
        if augment != "crop_flip":
            return [partial(read_plain_view, side=self.side)] * count
        draws = torch.rand(count, DRAWS, generator=rng, dtype=torch.float64).tolist()
        return [partial(read_random_view, side=self.side, draws=row) for row in draws]

    def plain_batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield all images in order, un-augmented."""
        chunks = (
            self.select(slice(start, start + batch_size))
            for start in range(0, len(self), batch_size)
        )
        rng = torch.Generator()
        return self.decode_ahead(
            (chunk, self.choose_views(len(chunk), "none", rng)) for chunk in chunks
        )

    def decode_ahead(self, batches: Iterable[tuple["Stream", list[View]]]) -> Iterator[Batch]:
        """Yield batches in their order, while the next `AHEAD` of them are decoded."""
        waiting: deque[tuple[Stream, list[Future[Tensor]]]] = deque()
        pool = ThreadPoolExecutor(count_threads(self.device))
        try:
            for batch, views in batches:
                jobs = zip(views, batch.files.names, strict=True)
                waiting.append((batch, [pool.submit(v, self.folder / name) for v, name in jobs]))
                if len(waiting) > AHEAD:
                    yield self.collect_batch(*waiting.popleft())
            while waiting:
                yield self.collect_batch(*waiting.popleft())
        finally:  # also when the trial stops in the middle of an epoch
            pool.shutdown(wait=True, cancel_futures=True)

    def collect_batch(self, batch: "Stream", jobs: list[Future[Tensor]]) -> Batch:
        """Return a batch on the device once it is decoded."""
        pixels, labels = torch.stack([job.result() for job in jobs]), batch.files.labels
        if self.device.type == "cuda":  # the host does not wait for a copy from pinned memory
            pixels, labels = pixels.pin_memory(), labels.pin_memory()
        return (
            pixels.to(self.device, non_blocking=True),
            labels.to(self.device, non_blocking=True),
        )


def count_threads(device: torch.device) -> int:
    """Return the decoding threads of a trial: one on a CPU, which has a trial for every core."""
    return 1 if device.type == "cpu" else min(MOST_THREADS, count_cores())
