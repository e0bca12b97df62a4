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

SUFFIXES = (".jpeg", ".jpg", ".png", ".webp", ".bmp", ".tif", ".tiff")


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

    def fingerprint(self, folder: Path, split: str = "") -> str:
        """Return a hash of every path, size and class; no file is read for it.

        Raises:
            ValueError: a file that cannot be reached; names it.
        """
        digest = sha256()
        for name, label in zip(self.names, self.labels.tolist(), strict=True):
            try:
                size = os.stat(folder / name).st_size
            except OSError as error:
                raise ValueError(f"{folder / name}: expected an image: {error.strerror}") from None
            digest.update(f"{split}/{name}/{size}/{label}\n".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Listing:
    """The files of a data set, by split.

    Attributes:
        folder: that the paths of the files are relative to.
        upright: whether images are turned as their EXIF data say. Those of official sets are not,
            because published results are of the images as they lie in the files.
    """

    folder: Path
    train: Files
    val: Files
    test: Files
    num_classes: int
    upright: bool = False

    def by_split(self) -> dict[str, Files]:
        """Return the splits by name."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def fingerprint(self) -> str:
        """Return a hash of every path, size and class; no file is read for it.

        Raises:
            ValueError: a file that cannot be reached; names it.
        """
        digest = sha256()
        for split, files in self.by_split().items():
            digest.update(files.fingerprint(self.folder, split).encode())
        return digest.hexdigest()


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted; [] where it is not there.

    A hidden one (.ipynb_checkpoints) is none.
    """
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


def list_images(folder: Path) -> list[str]:
    """Return the names of the image files in a folder, sorted; [] where it is not there.

    A hidden one (._rose.jpg, as macOS writes beside rose.jpg) is none.
    """
    if not folder.is_dir():
        return []
    names = (name for name in os.listdir(folder) if not name.startswith("."))
    return sorted(name for name in names if name.lower().endswith(SUFFIXES))


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
def list_train_and_val(folder: Path, *, upright: bool = False) -> Listing:
    """Return the listing of train/<class>/* and val/<class>/* or test/<class>/*.

    Where both val/ and test/ are there, they are the splits of these names. Where one is, it is the
    test split, and val is held out of train: test is never looked at before the end.

    Args:
        folder: of the data set.
        upright: see `Listing`.

    Raises:
        ValueError: when the layout is another one, or a folder cannot be read; the message says
            which was expected.
    """
    try:
        classes, held = find_classes(folder)
        train = list_by_class(folder, "train", classes)
        test = list_by_class(folder, held[-1], classes)
        given_val = list_by_class(folder, "val", classes)
        for split, files in (("train", train), ("val", given_val), (held[-1], test)):
            refuse_empty(folder / split, files, classes)
    except OSError as error:
        raise ValueError(f"{error.filename}: expected a folder that can be read: {error}") from None
    if len(held) > 1:  # shuffled: the probe is the first images of train, and needs every class
        train, val = train.select(draw_permutation(len(train))), given_val
    else:
        train, val = hold_out_val(train)
    if not len(val) or not len(test):
        raise ValueError(f"expected images in {folder}/{' and '.join(held)}, found none")
    return Listing(folder, train, val, test, len(classes), upright)


def find_classes(folder: Path) -> tuple[list[str], list[str]]:
    """Return the classes of a data set, and which of val and test it has beside train.

    Raises:
        ValueError: when the layout is another one; the message says which was expected.
    """
    classes = list_folders(folder / "train")
    held = [split for split in ("val", "test") if list_folders(folder / split)]
    if not classes or not held:
        raise ValueError(
            f"expected train/<class>/*.JPEG and val/<class>/*.JPEG (or test/<class>/*, or both; "
            f"{', '.join(suffix.lstrip('.') for suffix in SUFFIXES)}) below {folder}, found "
            f"{len(classes)} classes in train and {' and '.join(held) or 'neither val nor test'}"
        )
    if len(classes) < 2:
        raise ValueError(f"expected at least 2 classes in {folder}/train, found {classes[0]} alone")
    for split in held:
        if unknown := sorted(set(list_folders(folder / split)) - set(classes)):
            raise ValueError(
                f"expected the classes of {folder}/{split} in {folder}/train too, "
                f"found no images of {unknown[0]} there"
            )
    return classes, held


def refuse_empty(folder: Path, files: Files, classes: list[str]) -> None:
    """Raise ValueError for a class whose folder is there and has no image."""
    counts = torch.bincount(files.labels, minlength=len(classes)).tolist()
    for name, count in zip(classes, counts, strict=True):
        if not count and (folder / name).is_dir():
            raise ValueError(f"expected images in {folder / name}, found none")
