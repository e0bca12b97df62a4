"""CIFAR-100: 45,000 train, 5,000 val, 10,000 test colour images, 32x32, through torchvision.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from pathlib import Path

from nvp.data.data_set import DataSet
from nvp.data.sets.torchvision_sets import fetch_set, load_splits, open_set
from nvp.data.splits import Splits


def load(root: Path) -> Splits:
    """Return the splits below `root`."""
    mean, std = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
    return load_splits("CIFAR100", root, mean=mean, std=std, num_classes=100)


def download(root: Path) -> None:
    """Get the files below `root` unless they are there."""
    fetch_set("CIFAR100", root)


def check(root: Path) -> None:
    """Raise ValueError when the files are not below `root`."""
    open_set("CIFAR100", root, train=True)


CIFAR100 = DataSet(
    image_shape=(3, 32, 32),
    num_classes=100,
    num_train=45000,
    load=load,
    download=download,
    check=check,
)
