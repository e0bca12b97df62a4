"""Data sets by name, each one file that declares a `DataSet`.

To add one: a file here with its facts and `load(root)`, and a line below. The driver prepares
(downloads) once, under a lock beside the data; a trial only loads.
"""

import os
from functools import lru_cache
from pathlib import Path

from nvp.data.cifar10 import CIFAR10
from nvp.data.digits import DIGITS
from nvp.data.mnist import MNIST
from nvp.data.splits import DataSet, Splits
from nvp.names import look_up

DATASETS: dict[str, DataSet] = {"cifar10": CIFAR10, "digits": DIGITS, "mnist": MNIST}


def data_root() -> Path:
    """Return the folder of the data sets: the environment's NVP_DATA, else `data`."""
    return Path(os.environ.get("NVP_DATA", "data")).absolute()


@lru_cache(maxsize=2)
def load_data(name: str, root: Path, device: str = "cpu") -> Splits:
    """Return the splits of a data set on `device`; an actor that runs many trials loads it once.

    Raises:
        ValueError: unknown name, or data that is not there; says where it looked.
    """
    return look_up("data.name", name, DATASETS).load(root).to(device)


def prepare_data(name: str, root: Path) -> Splits:
    """Return the splits, downloading the data set first where it is missing (driver only)."""
    look_up("data.name", name, DATASETS).download(root)
    return load_data(name, root)
