"""Folders of small images, decoded once into a cache file beside the data.

`<root>/.cache/<name>.safetensors` holds every split as uint8, its checksums, and a fingerprint of
the files it was made of. One process makes it, under a lock; it appears whole or not at all. It is
mapped into memory, so that trials of one machine share its pages. The driver compares the
fingerprint at each start (`prepare`); a trial only checks the checksums (`load`).
"""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import FileLock
from jaxtyping import UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nvp.data.decode import decode, square
from nvp.data.files import Listing
from nvp.data.splits import Images, Splits

PARTS = ("train", "val", "test")
CHUNK = 4096  # images


def cache_path(root: Path, name: str) -> Path:
    """Return where the decoded images of the data set `name` are."""
    return root / ".cache" / f"{name}.safetensors"


def prepare(listing: Listing, path: Path, side: int = 0) -> None:
    """Make the cache file unless it is there, intact, and of exactly these files; one at a time.

    Raises:
        ValueError: when an image does not decode, or the file cannot be written.
    """
    fingerprint = listing.fingerprint()
    if is_of(fingerprint, path):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not is_of(fingerprint, path):  # nor has another process made it meanwhile
                write(listing, path, side, fingerprint)
    except OSError as error:
        raise ValueError(f"{path}: expected to write the decoded images there: {error}") from None


def is_of(fingerprint: str, path: Path) -> bool:
    """Whether the cache file is there, intact, and of the files of that fingerprint."""
    return header(path).get("fingerprint") == fingerprint and read(path) is not None


def load(list_files: Callable[[], Listing], path: Path, side: int = 0) -> Splits:
    """Return the splits from the cache file, which is made when it is not there or damaged."""
    found = read(path)
    if found is None:
        prepare(list_files(), path, side)
        found = read(path)
    assert found is not None, path
    return found


def header(path: Path) -> dict[str, str]:
    """Return what the cache file says of itself; {} when there is none that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError):
        return {}


def read(path: Path) -> Splits | None:
    """Return the splits of a cache file; None where it is not there or not what was written."""
    notes = header(path)
    if "checksums" not in notes:
        return None
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if json.loads(notes["checksums"]) != {key: checksum(t) for key, t in tensors.items()}:
        return None
    mean, std = (tuple(json.loads(notes[key])) for key in ("mean", "std"))
    train, val, test = (
        Images(tensors[f"{part}.pixels"], tensors[f"{part}.labels"], mean, std) for part in PARTS
    )
    return Splits(train, val, test, int(notes["num_classes"]))


def write(listing: Listing, path: Path, side: int, fingerprint: str) -> None:
    """Decode every image and write the cache file: temporary name, flush, rename."""
    first = square(listing.folder / listing.train.names[0], side)
    tensors: dict[str, Tensor] = {}
    for part, files in listing.parts().items():
        tensors[f"{part}.pixels"] = decode(listing.folder, files, side, first.shape)
        tensors[f"{part}.labels"] = files.labels.contiguous()
    mean, std = moments(tensors["train.pixels"])
    notes = {
        "fingerprint": fingerprint,
        "num_classes": str(listing.num_classes),
        "mean": json.dumps(mean),
        "std": json.dumps(std),
        "checksums": json.dumps({key: checksum(tensor) for key, tensor in tensors.items()}),
    }
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata=notes)
    temporary.chmod(0o644)  # safetensors keeps it to its owner; data are shared
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def checksum(tensor: Tensor) -> int:
    """Return the CRC-32 of a tensor's bytes."""
    return zlib.crc32(memoryview(tensor.numpy()).cast("B"))  # type: ignore[arg-type]


def moments(pixels: UInt8[Tensor, "n c h w"]) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel, of values in [0, 1]."""
    sums = torch.zeros(2, pixels.shape[1], dtype=torch.float64)
    for part in pixels.split(CHUNK):
        values = part.double() / 255
        sums += torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
    mean, square = sums / (len(pixels) * pixels.shape[2] * pixels.shape[3])
    std = (square - mean.square()).clamp(min=1e-6).sqrt()
    return [round(value, 4) for value in mean.tolist()], [round(v, 4) for v in std.tolist()]
