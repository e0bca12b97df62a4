"""The image files of a data set's folder, listed by split and class; none is opened here."""

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

from nvp.data.splits import draw_permutation

SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class Files:
    """Image files: their paths relative to the data set's folder, and their classes."""

    names: np.ndarray
    labels: Int64[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.names)

    def select(self, index: Int64[Tensor, "k"] | slice) -> "Files":
        """Return the files at `index`."""
        chosen = index if isinstance(index, slice) else index.cpu().numpy()
        return type(self)(self.names[chosen], self.labels[index])


@dataclass(frozen=True)
class Listing:
    """The files of a data set, by split."""

    folder: Path
    train: Files
    val: Files
    test: Files
    num_classes: int

    def by_split(self) -> dict[str, Files]:
        """Return the splits by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def fingerprint(self) -> str:
        """Return a hash of every path, size and class; no file is read for it."""
        digest = sha256()
        for split, files in self.by_split().items():
            for name, label in zip(files.names, files.labels.tolist(), strict=True):
                size = os.stat(self.folder / name).st_size
                digest.update(f"{split}/{name}/{size}/{label}\n".encode())
        return digest.hexdigest()


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted; [] where it is not there."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def list_images(folder: Path) -> list[str]:
    """Return the names of the image files in a folder, sorted; [] where it is not there."""
    if not folder.is_dir():
        return []
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(SUFFIXES))


def gather_files(pairs: Iterable[tuple[str, int]]) -> Files:
    """Return the files of (path, class) pairs."""
    found = list(pairs)
    names = np.array([name for name, _ in found], dtype=object)
    return Files(names, torch.tensor([label for _, label in found], dtype=torch.int64))


def list_by_class(folder: Path, split: str, classes: list[str], inside: str = "") -> Files:
    """Return the files <split>/<class>/<inside>/*; a label is the class's index in `classes`."""
    return gather_files(
        ("/".join(filter(None, (split, name, inside, image))), label)
        for label, name in enumerate(classes)
        for image in list_images(folder / split / name / inside)
    )


def hold_out_val(files: Files) -> tuple[Files, Files]:
    """Return (train, val): val is a twentieth, at most 10,000, of a fixed permutation.

    Raises:
        ValueError: when there are fewer than two images.
    """
    if len(files) < 2:
        raise ValueError(f"expected at least 2 train images, found {len(files)}")
    order = draw_permutation(len(files))
    count = max(1, min(len(files) // 20, 10_000))
    return files.select(order[count:]), files.select(order[:count])


@lru_cache(maxsize=4)
def list_train_and_val(folder: Path) -> Listing:
    """Return the listing of train/<class>/* and val/<class>/* or test/<class>/*.

    Where both val/ and test/ are there, they are the splits of these names. Where one is, it is the
    test split, and val is held out of train: test is never looked at before the end.

    Raises:
        ValueError: when the layout is another one; the message says which was expected.
    """
    classes = [c for c in list_folders(folder / "train") if list_images(folder / "train" / c)]
    held = [split for split in ("val", "test") if list_folders(folder / split)]
    if not classes or not held:
        raise ValueError(
            f"expected train/<class>/*.JPEG and val/<class>/*.JPEG (or test/<class>/*, or both; "
            f"jpg and png too) below {folder}, found {len(classes)} classes in train and "
            f"{' and '.join(held) or 'neither val nor test'}"
        )
    for split in held:
        if unknown := sorted(set(list_folders(folder / split)) - set(classes)):
            raise ValueError(
                f"expected the classes of {folder}/{split} in {folder}/train too, "
                f"found no images of {unknown[0]} there"
            )
    train, test = list_by_class(folder, "train", classes), list_by_class(folder, held[-1], classes)
    if len(held) > 1:  # shuffled: the probe is the first images of train, and needs every class
        train, val = (
            train.select(draw_permutation(len(train))),
            list_by_class(folder, "val", classes),
        )
    else:
        train, val = hold_out_val(train)
    if not len(val) or not len(test):
        raise ValueError(f"expected images in {folder}/{' and '.join(held)}, found none")
    return Listing(folder, train, val, test, len(classes))
