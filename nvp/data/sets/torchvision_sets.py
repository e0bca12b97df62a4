"""Data sets that torchvision downloads and reads: the driver fetches, a trial only loads.

torchvision checks the md5 sums of what it downloads, and those of CIFAR's files at each opening.
MNIST's unpacked files have no sums. So files are downloaded to a folder beside, and moved only when
all are whole.
"""

import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from nvp.data.data_set import DataSet
from nvp.data.sets.idx_files import read_idx_set
from nvp.data.splits import Images, Splits, draw_permutation


def make_set(
    name: str,
    *,
    image_shape: tuple[int, int, int],
    num_classes: int,
    num_train: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> DataSet:
    """Return the data set that torchvision calls `name`; mean and std are of pixels / 255."""
    return DataSet(
        image_shape=image_shape,
        num_classes=num_classes,
        num_train=num_train,
        load=partial(load_splits, name, mean=mean, std=std, num_classes=num_classes),
        download=partial(fetch_set, name),
        check=partial(open_set, name, train=True),
    )


def torchvision_class(name: str) -> Any:
    """Return the class `torchvision.datasets.<name>`."""
    from torchvision import datasets  # here: it takes seconds, and digits does not need it

    return getattr(datasets, name)


def open_set(name: str, root: Path, *, train: bool) -> Any:
    """Return a split as torchvision has it, never downloading; IDX files are read without it.

    Raises:
        ValueError: when it is not below `root`; the message has the command that gets it.
    """
    found = read_idx_set(root / name / "raw", train=train)
    if found:
        return found
    try:
        return torchvision_class(name)(root=root, train=train, download=False)
    except RuntimeError:
        ours = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        raise ValueError(
            f"{name}: expected its files below {root}, found none; get them with: nvp data {ours}, "
            "or name their folder in NVP_DATA"
        ) from None


def is_there(name: str, root: Path) -> bool:
    """Whether the set is below `root`."""
    try:
        open_set(name, root, train=True)
    except ValueError:
        return False
    return True


def fetch_set(name: str, root: Path) -> None:
    """Download the set below `root` unless it is there; one process at a time.

    Raises:
        ValueError: when it is not there and cannot be downloaded.
    """
    try:
        open_set(name, root, train=True)
    except ValueError as missing:
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / ".download.lock"):
                if not is_there(name, root):  # another process may have brought it meanwhile
                    download_set(name, root)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{missing} (the download failed: {reason})") from None


def download_set(name: str, root: Path) -> None:
    """Download into a folder below `root`, then move the files out of it; under the lock.

    So a process that is killed meanwhile leaves no half of a file under its final name. Archives
    that are there already are used.
    """
    coming = root / f".{name}.coming"
    shutil.rmtree(coming, ignore_errors=True)  # a process that was killed may have left it
    kind = torchvision_class(name)
    here = [root / getattr(kind, "filename", name), *root.glob(f"{name}/raw/*.gz")]
    for archive in filter(Path.is_file, here):
        (coming / archive.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(archive, coming / archive.relative_to(root))
    try:
        kind(root=coming, train=True, download=True)
        for path in filter(Path.is_file, list(coming.rglob("*"))):
            target = root / path.relative_to(coming)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    finally:
        shutil.rmtree(coming, ignore_errors=True)


def load_splits(
    name: str,
    root: Path,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    num_classes: int = 10,
    num_val: int = 5000,
) -> Splits:
    """Return the official test split; the official train split, permuted, becomes train and val."""
    train, test = (
        make_images(open_set(name, root, train=is_train), mean=mean, std=std)
        for is_train in (True, False)
    )
    order = draw_permutation(len(train))
    val, train = train.select(order[:num_val]), train.select(order[num_val:])
    return Splits(train, val, test, num_classes)


def make_images(dataset: Any, *, mean: tuple[float, ...], std: tuple[float, ...]) -> Images:
    """Return the images as uint8 (n, c, h, w)."""
    pixels = torch.as_tensor(np.asarray(dataset.data))
    pixels = pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return Images(pixels, torch.as_tensor(dataset.targets, dtype=torch.int64), mean=mean, std=std)
