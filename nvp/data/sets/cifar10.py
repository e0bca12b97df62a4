"""CIFAR-10: 45,000 train, 5,000 val, 10,000 test colour images, 32x32, through torchvision.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from pathlib import Path

from nvp.data.data_set import DataSet
from nvp.data.sets.torchvision_sets import fetch_set, load_splits, open_set
from nvp.data.splits import Splits


def load(root: Path) -> Splits:
    """Return the splits below `root`."""
    return load_splits("CIFAR10", root, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616))


def download(root: Path) -> None:
    """Get the files below `root` unless they are there."""
    fetch_set("CIFAR10", root)


def check(root: Path) -> None:
    """Raise ValueError when the files are not below `root`."""
    open_set("CIFAR10", root, train=True)


CIFAR10 = DataSet(
    image_shape=(3, 32, 32),
    num_classes=10,
    num_train=45000,
    load=load,
    download=download,
    check=check,
)
