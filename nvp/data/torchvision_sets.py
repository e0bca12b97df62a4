"""Data sets that torchvision downloads and reads: the driver fetches, a trial only loads."""

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
                torchvision_class(name)(root=root, train=True, download=True)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{missing} (the download failed: {reason})") from None


def splits(
    name: str,
    root: Path,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    num_val: int = 5000,
) -> Splits:
    """Return the official test split, and train split in two by a fixed permutation."""
    train, test = (
        decode(open_set(name, root, train=part), mean=mean, std=std) for part in (True, False)
    )
    order = shuffled(len(train))
    val, train = train.select(order[:num_val]), train.select(order[num_val:])
    return Splits(train, val, test, num_classes=10)


def decode(dataset: Any, *, mean: tuple[float, ...], std: tuple[float, ...]) -> Images:
    """Return the images as uint8 (n, c, h, w)."""
    pixels = torch.as_tensor(np.asarray(dataset.data))
    pixels = pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2).contiguous()
    return Images(pixels, torch.as_tensor(dataset.targets, dtype=torch.int64), mean=mean, std=std)
