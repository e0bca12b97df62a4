"""The digits in the files of MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100.

They stand in for the real files, which may not be here: torchvision reads them alike.
"""

import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torchvision import datasets

TIMES, TRAIN = 4, 5400  # of 4 x 1,797: the last 5,000 of train are for validation


def digits(side: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the digits, several times over, as images of side x side, and their labels."""
    bunch = load_digits()
    small = torch.tensor(bunch["images"]).repeat(TIMES, 1, 1).unsqueeze(1) * 255 / 16
    large = F.interpolate(small, (side, side), mode="bilinear").round().byte()
    return large.expand(-1, channels, -1, -1).numpy(), np.tile(bunch["target"], TIMES)


def write_mnist(root: Path, name: str = "MNIST") -> None:
    """Write the four files of MNIST, or of Fashion-MNIST ("FashionMNIST"), below a data folder."""
    images, labels = digits(28, 1)
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    for part, index in (("train", slice(TRAIN)), ("t10k", slice(TRAIN, None))):
        x, y = images[index], labels[index].astype(np.uint8)
        head = struct.pack(">iiii", 2051, len(x), 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + x.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">ii", 2049, len(y)) + y.tobytes()
        )


def write_cifar(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the files of "CIFAR10" or "CIFAR100" below a data folder, and let their MD5 count."""
    images, labels = digits(32, 3)
    official = getattr(datasets, name)
    folder, key = root / official.base_folder, {"CIFAR10": "labels"}.get(name, "fine_labels")
    folder.mkdir(parents=True)
    cuts = np.array_split(np.arange(TRAIN), len(official.train_list))
    parts = [*cuts, np.arange(TRAIN, len(labels))]
    files = [*official.train_list, *official.test_list]
    sums = [
        write_batch(folder / file, {"data": images[part].reshape(len(part), -1), key: labels[part]})
        for (file, _), part in zip(files, parts, strict=True)
    ]
    made = [[file, checksum] for (file, _), checksum in zip(files, sums, strict=True)]
    monkeypatch.setattr(official, "train_list", made[:-1])
    monkeypatch.setattr(official, "test_list", made[-1:])
    names = {official.meta["key"]: [f"class {k}" for k in range(10)]}
    checksum = write_batch(folder / official.meta["filename"], names)
    monkeypatch.setattr(official, "meta", official.meta | {"md5": checksum})


def write_batch(path: Path, content: dict) -> str:
    """Pickle a batch as CIFAR's files are; return its MD5."""
    plain = {k: v.tolist() if k.endswith("labels") else v for k, v in content.items()}
    path.write_bytes(pickle.dumps(plain))
    return hashlib.md5(path.read_bytes()).hexdigest()
