"""IDX files, of MNIST and its relatives: read here, since torchvision takes 3 s to import.

Format: two zero bytes, 8 for unsigned bytes, the number of dimensions, each size as a big-endian
int32, then the values. Source: LeCun et al., "The MNIST database", as published with it.
"""

import math
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

PARTS = {True: "train", False: "t10k"}  # train or test
KINDS = ("images-idx3-ubyte", "labels-idx1-ubyte")


class IdxSet(NamedTuple):
    """Images and classes of one official split, named as torchvision names them."""

    data: UInt8[Tensor, "n h w"]
    targets: UInt8[Tensor, "n"]


def read_idx_set(folder: Path, *, train: bool) -> IdxSet | None:
    """Return a split of the files below a folder; None unless all four are there.

    Raises:
        ValueError: a file that is no whole IDX file of bytes.
    """
    files = {part: [folder / f"{PARTS[part]}-{kind}" for kind in KINDS] for part in PARTS}
    if not all(path.is_file() for pair in files.values() for path in pair):
        return None
    return IdxSet(*map(read_idx, files[train]))


def read_idx(path: Path) -> UInt8[Tensor, "..."]:
    """Return the values of an IDX file of bytes; ValueError where it is none, or not whole."""
    content = path.read_bytes()
    if content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise ValueError(
            f"{path}: expected an IDX file of bytes, which begins with 0 0 8 and its sizes, got "
            f"{[*content[:4]]} and {max(len(content) - 4, 0):,} bytes"
        )
    sizes = struct.unpack_from(f">{content[3]}i", content, 4)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * len(sizes))
    if len(values) != math.prod(sizes):
        raise ValueError(
            f"{path}: expected the {math.prod(sizes):,} values that it announces, got "
            f"{len(values):,}"
        )
    return torch.from_numpy(values.reshape(sizes).copy())  # a copy may be written to
