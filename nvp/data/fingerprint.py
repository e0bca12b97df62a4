"""What images a data set has on this machine: how many, of how many classes, and their fingerprint.

The name of a trial has the name of its data set, not its images. So a plan keeps the fingerprint,
and a start compares it.
"""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from nvp.data import find_data_set, load_data
from nvp.data.cache import compute_checksum
from nvp.data.decode import DECODER
from nvp.data.splits import Images, ImageSource
from nvp.data.stream import Stream

SAMPLE = 300  # files of a split of a streamed set whose content is compared


class DataFacts(NamedTuple):
    """What a data set holds on this machine.

    Attributes:
        classes: how many.
        images: how many, of all splits.
        fingerprint: 12 hex digits; equal when trials see the same pixels, labels and splits.
    """

    classes: int
    images: int
    fingerprint: str


def describe_data(name: str, root: Path) -> DataFacts:
    """Return what a data set holds; the driver has prepared it (`nvp.data.prepare_data`).

    Resident sets are compared by their decoded pixels, so neither the place of a folder nor the
    names of its files matter. Streamed sets, too big for that, are compared by the paths and sizes
    of their files, the content of a few hundred of them and the version of the decoder.

    Args:
        name: as in `data.name`.
        root: folder of the data sets (`nvp.data.data_root`).

    Raises:
        ValueError: the set is not there, or a file of it cannot be reached.
    """
    splits = load_data(name, root, "cpu")
    parts = {"train": splits.train, "val": splits.val, "test": splits.test}
    digest = sha256(f"{splits.num_classes}\n".encode())
    for split, images in parts.items():
        digest.update(f"{split} {identify_images(images)}\n".encode())
    count = sum(len(images) for images in parts.values())
    return DataFacts(splits.num_classes, count, digest.hexdigest()[:12])


def identify_images(images: ImageSource) -> str:
    """Return a text that differs when the images or their labels do."""
    if isinstance(images, Stream):
        return f"{images.files.fingerprint(images.folder)} {hash_sample(images)} decoder {DECODER}"
    assert isinstance(images, Images), type(images)
    pixels, labels = (compute_checksum(t.contiguous()) for t in (images.pixels, images.labels))
    return f"{tuple(images.pixels.shape)} {pixels:08x} {labels:08x}"


def hash_sample(images: Stream) -> str:
    """Return a hash of the content of at most `SAMPLE` files, spread over all of a split."""
    names, digest = images.files.names, sha256()
    for name in names[:: -(-len(names) // SAMPLE) or 1]:
        digest.update((images.folder / name).read_bytes())
    return digest.hexdigest()


def find_missing_data(name: str, root: Path) -> str:
    """Return that a data set is not there and how to get it, in one line; "" when it is there.

    For a dry run: nothing is created, downloaded or decoded. The set is not read either, so a
    damaged image shows at the start only.
    """
    try:
        find_data_set(name).check(root)
    except ValueError as error:
        return str(error)
    return ""
