"""IDX files: what torchvision reads, without its import; half a file is refused by its name."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from nvp.data.sets.idx_files import PARTS, read_idx_set
from nvp.data.sets.torchvision_sets import load_splits, open_set

COUNTS = {"train": 30, "t10k": 20}


def write_set(raw: Path) -> None:
    """Write made-up images of 28x28 and their classes as the files of MNIST."""
    raw.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for part, count in COUNTS.items():
        images = draw.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        classes = draw.integers(0, 10, count, dtype=np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", classes)):
            head = struct.pack(f">BBBB{values.ndim}i", 0, 0, 8, values.ndim, *values.shape)
            (raw / f"{part}-{kind}-ubyte").write_bytes(head + values.tobytes())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_set(tmp_path / "MNIST" / "raw")
    return tmp_path


@pytest.mark.parametrize("train", PARTS)
def test_the_split_is_torchvision_s(root: Path, train: bool) -> None:
    read = read_idx_set(root / "MNIST" / "raw", train=train)
    known = datasets.MNIST(root, train=train)
    assert read
    assert read.data.equal(known.data)
    assert read.targets.long().equal(known.targets)


def test_a_trial_loads_them_without_torchvision(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nvp.data.sets.torchvision_sets.torchvision_class", None)  # a call fails
    splits = load_splits("MNIST", root, mean=(0.1,), std=(0.3,), num_val=10)
    assert [len(s) for s in (splits.train, splits.val, splits.test)] == [20, 10, 20]
    assert splits.test.labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\x08\x01\0\0\0\x09" + b"1" * 8, "the 9 values that it announces, got 8"),
        (b"\0\0\x0d\x01\0\0\0\x01" + b"1" * 4, "begins with 0 0 8 .* got .0, 0, 13, 1"),
        (b"\x1f\x8b", "begins with 0 0 8"),
        (b"", "begins with 0 0 8"),
        (b"\0\0\x08\x03\0\0", "and its sizes, got .0, 0, 8, 3. and 2 bytes"),
    ],
)
def test_a_broken_file_is_named(root: Path, content: bytes, said: str) -> None:
    broken = root / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    broken.write_bytes(content)
    with pytest.raises(ValueError, match=said) as refused:
        open_set("MNIST", root, train=True)
    assert str(broken) in str(refused.value)


@pytest.mark.parametrize("gone", ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"])
def test_a_set_that_lacks_a_file_is_not_there(root: Path, gone: str) -> None:
    (root / "MNIST" / "raw" / gone).unlink()
    with pytest.raises(ValueError, match="expected its files below"):
        open_set("MNIST", root, train=True)
