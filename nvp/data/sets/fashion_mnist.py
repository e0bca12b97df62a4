"""Fashion-MNIST: 55,000 train, 5,000 val, 10,000 test grey images, 28x28, through torchvision.

Source: Xiao et al., "Fashion-MNIST: a novel image dataset for benchmarking", 2017.
"""

from pathlib import Path

from nvp.data.data_set import DataSet
from nvp.data.sets.torchvision_sets import fetch_set, load_splits, open_set
from nvp.data.splits import Splits


def load(root: Path) -> Splits:
    """Return the splits below `root`."""
    return load_splits("FashionMNIST", root, mean=(0.2860,), std=(0.3530,))


def download(root: Path) -> None:
    """Get the files below `root` unless they are there."""
    fetch_set("FashionMNIST", root)


def check(root: Path) -> None:
    """Raise ValueError when the files are not below `root`."""
    open_set("FashionMNIST", root, train=True)


FASHION_MNIST = DataSet(
    image_shape=(1, 28, 28),
    num_classes=10,
    num_train=55000,
    load=load,
    download=download,
    check=check,
)
