"""Named random streams: each is a function of (seed, stream, epoch) and of nothing else.

So changing one setting does not reshuffle the others, and a continued trial restores no generator.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

STREAMS = (
    "init",
    "order",
    "augment",
    "cutout",
    "dropout",
    "noise",
    "ties",
    "regrow",
    "search",
    "remedy",
    "task",  # its "epoch" is the number of a task
)


def derive_seed(seed: int, stream: str, epoch: int = 0) -> int:
    """Return the 63-bit seed of a stream at an epoch."""
    if stream not in STREAMS:
        raise ValueError(f"expected a stream of {STREAMS}, got {stream!r}")
    # hashed: streams of neighbouring seeds or epochs are then unrelated; shifted: torch's seeds are
    # signed 64-bit numbers
    digest = hashlib.sha256(f"{seed}/{stream}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def make_generator(
    seed: int, stream: str, epoch: int = 0, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a fresh generator of the stream at an epoch, on `device`."""
    return torch.Generator(device=device).manual_seed(derive_seed(seed, stream, epoch))


def seed_libraries(derived: int) -> None:
    """Seed the global streams of torch, NumPy and Python, which a user's parts may draw from.

    What nvp draws itself has generators of its own.
    """
    torch.manual_seed(derived)
    np.random.seed(derived % 2**32)  # noqa: NPY002
    random.seed(derived)


@contextmanager
def kept_streams(devices: Sequence[int | None] = ()) -> Iterator[None]:
    """Put the global streams of torch, NumPy and Python back afterwards, also after an error.

    Args:
        devices: indices of the CUDA devices whose streams are kept besides the CPU's.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
