"""Data sets that torchvision downloads and reads: the driver fetches, a trial only loads.

torchvision checks md5 sums: of what it downloads, always; of CIFAR's files, at each opening too.
MNIST's unpacked files carry none, so files are moved to their place only when all are whole.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from nvp.data.splits import Images, Splits, shuffled


def torchvision_class(name: str) -> Any:
    """Return the class `torchvision.datasets.<name>`."""
    from torchvision import datasets  # here: it takes seconds, and digits does not need it

    return getattr(datasets, name)


def open_set(name: str, root: Path, *, train: bool) -> Any:
    """Return torchvision's data set, never downloading.

    Raises:
        ValueError: when it is not below `root`; names the folder and the command that gets it.
    """
    try:
        return torchvision_class(name)(root=root, train=train, download=False)
    except RuntimeError:
        raise ValueError(
            f"{name}: expected its files below {root}, found none; get them with: python -c "
            f"\"from torchvision.datasets import {name}; {name}('{root}', download=True)\""
            " or name their folder in NVP_DATA"
        ) from None


def is_there(name: str, root: Path) -> bool:
    """Whether the set is below `root`."""
    try:
        open_set(name, root, train=True)
    except ValueError:
        return False
    return True


def fetch(name: str, root: Path) -> None:
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
                    bring(name, root)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{missing} (the download failed: {reason})") from None


def bring(name: str, root: Path) -> None:
    """Download beside `root`'s files and move each there when all are whole; under the lock.

    A process killed meanwhile leaves no half of a file that looks like one. Archives that are
    there already are used.
    """
    coming = root / f".{name}.coming"
    shutil.rmtree(coming, ignore_errors=True)  # of a process that was killed
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


def splits(
    name: str,
    root: Path,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    num_classes: int = 10,
    num_val: int = 5000,
) -> Splits:
    """Return the official test split, and train split in two by a fixed permutation."""
    train, test = (
        decode(open_set(name, root, train=part), mean=mean, std=std) for part in (True, False)
    )
    order = shuffled(len(train))
    val, train = train.select(order[:num_val]), train.select(order[num_val:])
    return Splits(train, val, test, num_classes)


def decode(dataset: Any, *, mean: tuple[float, ...], std: tuple[float, ...]) -> Images:
    """Return the images as uint8 (n, c, h, w)."""
    pixels = torch.as_tensor(np.asarray(dataset.data))
    pixels = pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return Images(pixels, torch.as_tensor(dataset.targets, dtype=torch.int64), mean=mean, std=std)
