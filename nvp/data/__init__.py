"""Data sets by name, each one file that declares a `DataSet`.

To add one: a file here with its facts and `load(root)`, and a line below. The driver prepares
(downloads, decodes) once, under a lock beside the data; a trial only loads.
"""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from nvp.config.registry import look_up
from nvp.config.trial_config import DataConfig
from nvp.data.data_set import DataSet
from nvp.data.sets.cifar10 import CIFAR10
from nvp.data.sets.cifar100 import CIFAR100
from nvp.data.sets.digits import DIGITS
from nvp.data.sets.fashion_mnist import FASHION_MNIST
from nvp.data.sets.image_folder import KIND, image_folder
from nvp.data.sets.imagenet import IMAGENET
from nvp.data.sets.mnist import MNIST
from nvp.data.sets.tiny_imagenet import TINY_IMAGENET
from nvp.data.splits import Splits

DATASETS: dict[str, DataSet] = {
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "digits": DIGITS,
    "fashion_mnist": FASHION_MNIST,
    "imagenet": IMAGENET,
    "mnist": MNIST,
    "tiny_imagenet": TINY_IMAGENET,
}


def data_root() -> Path:
    """Return the folder of the data sets: the environment's NVP_DATA, else `data`."""
    return Path(os.environ.get("NVP_DATA", "data")).absolute()


def data_set(name: str) -> DataSet:
    """Return the data set called `name`: one of DATASETS, or a folder's (`folder:flowers`).

    Raises:
        ValueError: unknown name.
    """
    kind, colon, folder = name.partition(":")
    return image_folder(folder) if kind == KIND and colon else look_up("data.name", name, DATASETS)


@lru_cache(maxsize=32)
def data_facts(name: str, root: Path) -> DataSet:
    """Return a data set with the facts of what is below `root`, else as declared.

    Raises:
        ValueError: unknown name; a folder that is laid out otherwise.
    """
    found = data_set(name)
    facts = found.measure(root)
    return found if facts is None else replace(found, **facts._asdict())


@lru_cache(maxsize=2)
def load_data(name: str, root: Path, device: str = "cpu") -> Splits:
    """Return the splits of a data set on `device`; an actor that runs many trials loads it once.

    Raises:
        ValueError: unknown name, or data that is not there; says where it looked.
    """
    return data_set(name).load(root).to(device)


def facts_of(config: DataConfig, root: Path) -> DataSet:
    """Return the facts of the data of a trial: those of the set, with the images it trains on.

    Raises:
        ValueError: unknown name; more images than there are; a folder that is laid out otherwise.
    """
    facts = data_facts(config.name, root)
    if config.images > facts.num_train:
        raise ValueError(
            f"data.images: expected at most the {facts.num_train} train images of {config.name}, "
            f"got {config.images}"
        )
    return replace(facts, num_train=config.images or facts.num_train)


def splits_of(config: DataConfig, root: Path, device: str = "cpu") -> Splits:
    """Return the splits of a trial on `device`.

    Raises:
        ValueError: as `load_data`.
    """
    splits = load_data(config.name, root, device)
    if not config.images:
        return splits
    return replace(splits, train=splits.train.select(slice(0, config.images)))


def prepare_data(name: str, root: Path) -> Splits:
    """Return the splits, downloading and decoding what is missing first (driver only)."""
    data_set(name).download(root)
    return load_data(name, root, "cpu")  # the cache of `load_data` goes by what it is given
