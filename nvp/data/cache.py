"""Folders of small images, decoded once into a cache file beside the data.

`<root>/.cache/<name>.safetensors` holds every split as uint8, its checksums, a fingerprint of the
files it was made of, and the version of the decoder. One process makes it, under a lock. It appears
whole or not at all. It is mapped into memory, so that trials of one machine share its pages. The
driver compares the fingerprint at each start (`prepare_cache`). A trial only checks the checksums
and the version (`load_cache`).
"""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import PIL
import torch
from filelock import FileLock
from jaxtyping import UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nvp.data.decode import DECODER, decode_files, read_square
from nvp.data.files import Listing
from nvp.data.splits import Images, Splits

SPLITS = ("train", "val", "test")
CHUNK = 4096  # images


def cache_path(root: Path, name: str) -> Path:
    """Return where the decoded images of the data set `name` are."""
    return root / ".cache" / f"{name}.safetensors"


def prepare_cache(listing: Listing, path: Path, side: int = 0) -> None:
    """Make the cache file unless it is there, intact, and made of exactly these files.

    One process makes it; the others wait.

    Raises:
        ValueError: when an image does not decode, or the file cannot be written.
    """
    fingerprint = f"{listing.fingerprint()} Pillow {PIL.__version__}"
    if is_made_of(fingerprint, path):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not is_made_of(fingerprint, path):  # another process may have made it meanwhile
                write_cache(listing, path, side, fingerprint)
    except OSError as error:
        raise ValueError(f"{path}: expected to write the decoded images there: {error}") from None


def is_made_of(fingerprint: str, path: Path) -> bool:
    """Whether the cache file is there, intact, and made of the files of that fingerprint."""
    return read_header(path).get("fingerprint") == fingerprint and read_cache(path) is not None


def load_cache(list_files: Callable[[], Listing], path: Path, side: int = 0) -> Splits:
    """Return the splits from the cache file; make it first when it is missing or damaged."""
    found = read_cache(path)
    if found is None:
        prepare_cache(list_files(), path, side)
        found = read_cache(path)
    assert found is not None, path
    return found


def read_header(path: Path) -> dict[str, str]:
    """Return the metadata of the cache file; {} when there is none that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError):
        return {}


def read_cache(path: Path) -> Splits | None:
    """Return the splits of a cache file; None when it is missing, damaged or of another decoder."""
    notes = read_header(path)
    if "checksums" not in notes or notes.get("decoder") != str(DECODER):
        return None
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if json.loads(notes["checksums"]) != {key: compute_checksum(t) for key, t in tensors.items()}:
        return None
    mean, std = (tuple(json.loads(notes[key])) for key in ("mean", "std"))
    train, val, test = (
        Images(tensors[f"{split}.pixels"], tensors[f"{split}.labels"], mean, std)
        for split in SPLITS
    )
    return Splits(train, val, test, int(notes["num_classes"]))


def write_cache(listing: Listing, path: Path, side: int, fingerprint: str) -> None:
    """Decode every image and write the cache file.

    It gets its name only after it is on the disk: no reader sees half of it, not after a crash.
    """
    upright = listing.upright
    first = read_square(listing.folder / listing.train.names[0], side, upright=upright)
    tensors: dict[str, Tensor] = {}
    for split, files in listing.by_split().items():
        pixels = decode_files(listing.folder, files, side, first.shape, upright=upright)
        tensors[f"{split}.pixels"] = pixels
        tensors[f"{split}.labels"] = files.labels.contiguous()
    mean, std = measure_moments(tensors["train.pixels"])
    notes = {
        "fingerprint": fingerprint,
        "decoder": str(DECODER),
        "num_classes": str(listing.num_classes),
        "mean": json.dumps(mean),
        "std": json.dumps(std),
        "checksums": json.dumps({key: compute_checksum(tensor) for key, tensor in tensors.items()}),
    }
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata=notes)
    temporary.chmod(read_mode(path))  # safetensors makes files that only their owner can read
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def read_mode(path: Path) -> int:
    """Return the mode that the umask gives to a new file beside `path`."""
    fresh = path.with_suffix(".mode")
    fresh.touch()
    mode = fresh.stat().st_mode & 0o777
    fresh.unlink()
    return mode


def compute_checksum(tensor: Tensor) -> int:
    """Return the CRC-32 of a tensor's bytes."""
    return zlib.crc32(memoryview(tensor.numpy()).cast("B"))  # type: ignore[arg-type]


def measure_moments(pixels: UInt8[Tensor, "n c h w"]) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel, of values in [0, 1]."""
    sums = torch.zeros(2, pixels.shape[1], dtype=torch.float64)
    for chunk in pixels.split(CHUNK):
        values = chunk.double() / 255
        sums += torch.stack([values.sum((0, 2, 3)), values.square().sum((0, 2, 3))])
    mean, square = sums / (len(pixels) * pixels.shape[2] * pixels.shape[3])
    std = (square - mean.square()).clamp(min=1e-6).sqrt()
    return [round(value, 4) for value in mean.tolist()], [round(v, 4) for v in std.tolist()]
