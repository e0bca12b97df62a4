"""Image files by class: what the folder of a data set holds, listed and never opened."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.data.splits import shuffled

SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class Files:
    """Paths relative to the data set's folder, and their classes."""

    names: np.ndarray
    labels: Int64[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.names)

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Files":
        """Return the files at `index`."""
        where = index if isinstance(index, slice) else index.cpu().numpy()
        return type(self)(self.names[where], self.labels[index])


@dataclass(frozen=True)
class Listing:
    """The files of a data set, by split."""

    folder: Path
    train: Files
    val: Files
    test: Files
    num_classes: int

    def parts(self) -> dict[str, Files]:
        """Return the splits by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def fingerprint(self) -> str:
        """Return a hash of every path, size and class: which files these are."""
        digest = sha256()
        for part, files in self.parts().items():
            for name, label in zip(files.names, files.labels.tolist(), strict=True):
                size = os.stat(self.folder / name).st_size
                digest.update(f"{part}/{name}/{size}/{label}\n".encode())
        return digest.hexdigest()


def folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted; [] where it is not there."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def images_in(folder: Path) -> list[str]:
    """Return the names of the image files in a folder, sorted; [] where it is not there."""
    if not folder.is_dir():
        return []
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(SUFFIXES))


def gather(pairs: Iterable[tuple[str, int]]) -> Files:
    """Return the files of (path, class) pairs."""
    found = list(pairs)
    names = np.array([name for name, _ in found], dtype=object)
    return Files(names, torch.tensor([label for _, label in found], dtype=torch.int64))


def by_class(folder: Path, part: str, classes: list[str], inside: str = "") -> Files:
    """Return the files <part>/<class>/<inside>/*; the class is its place in `classes`."""
    return gather(
        ("/".join(filter(None, (part, name, inside, image))), label)
        for label, name in enumerate(classes)
        for image in images_in(folder / part / name / inside)
    )


def hold_out(files: Files) -> tuple[Files, Files]:
    """Return (train, val): val is a twentieth, at most 10,000, of a fixed permutation.

    Raises:
        ValueError: when there are fewer than two images.
    """
    if len(files) < 2:
        raise ValueError(f"expected at least 2 train images, found {len(files)}")
    order = shuffled(len(files))
    count = max(1, min(len(files) // 20, 10_000))
    return files.select(order[count:]), files.select(order[:count])


@lru_cache(maxsize=4)
def train_and_val_folders(folder: Path) -> Listing:
    """Return the listing of train/<class>/* and val/<class>/* or test/<class>/*.

    Test is test/ where that is there, else val/. With both, val is val/; with one, val is held out
    of train: test is never looked at before the end.

    Raises:
        ValueError: when the layout is another one; says what was looked for.
    """
    classes = [c for c in folders(folder / "train") if images_in(folder / "train" / c)]
    held = [part for part in ("val", "test") if folders(folder / part)]
    if not classes or not held:
        raise ValueError(
            f"expected train/<class>/*.JPEG and val/<class>/*.JPEG (or test/<class>/*, or both; "
            f"jpg and png too) below {folder}, found {len(classes)} classes in train and "
            f"{' and '.join(held) or 'neither val nor test'}"
        )
    for part in held:
        if unknown := sorted(set(folders(folder / part)) - set(classes)):
            raise ValueError(
                f"expected the classes of {folder}/{part} in {folder}/train too, "
                f"found no images of {unknown[0]} there"
            )
    train, test = by_class(folder, "train", classes), by_class(folder, held[-1], classes)
    if len(held) > 1:  # the probe is the first of train, and is to hold every class
        train, val = train.select(shuffled(len(train))), by_class(folder, "val", classes)
    else:
        train, val = hold_out(train)
    if not len(val) or not len(test):
        raise ValueError(f"expected images in {folder}/{' and '.join(held)}, found none")
    return Listing(folder, train, val, test, len(classes))
