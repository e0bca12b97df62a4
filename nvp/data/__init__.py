"""Data sets by name, their splits and their batches.

    sets/        one file for each data set, which declares a `DataSet`
    data_set     what is known of a data set before it is there, and how to get it
    splits       train, validation and test images, resident on the device
    ready_inputs inputs of a network that are ready for it, in a shape of their own
    stream       images that do not fit: decoded from their files by threads that run ahead
    files        the image files of a folder, listed by split and class
    decode       image files to uint8 tensors
    fingerprint  what images a set has here, and whether it is there
    cache        folders of small images, decoded once into a file beside the data
    batches      shuffled, augmented, normalised batches
    batch_count  how many batches were begun: a sign of life
    augment      augmentation of a whole batch
    tasks        the images of each task of continual learning
    check_tasks  whether a data set can be made into the tasks that a trial asks for
    seen_classes a loss over the classes that a network was taught so far
    own          a user's data set, by a dotted name and its settings
    fetch        `nvp data NAME...`: get data sets before a study needs them

A user's own data set needs no line here: `data.name=package.module:attribute` names it. To add one
of nvp's: a file in `sets/` with its facts and `load(root)`, and a line in DATASETS. The
driver prepares (downloads, decodes) once, under a lock beside the data. A trial only loads.
"""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from nvp.config.dotted_names import SHAPE, is_dotted
from nvp.config.registry import look_up
from nvp.config.trial_config import DataConfig
from nvp.data.data_set import DataSet
from nvp.data.own import check_splits, find_own_set, name_set, split_name
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
    """Return the folder of the data sets: the environment's NVP_DATA, else `data`.

    Raises:
        ValueError: NVP_DATA is no folder. It is never made: a mistyped one would be filled by a
            download.
    """
    given = os.environ.get("NVP_DATA")
    if given is None:
        return Path("data").absolute()
    folder = Path(given).expanduser().absolute()
    if not given.strip() or not folder.is_dir():
        raise ValueError(
            f"NVP_DATA: expected the folder of the data sets, got {given!r}, which is none; "
            "correct it, or make the folder first"
        )
    return folder


def find_data_set(name: str) -> DataSet:
    """Return the data set called `name`: one of DATASETS, a folder's, or a user's.

    Args:
        name: "digits", "folder:flowers" or "mylab.data:spots", the last with its settings
            (`nvp.data.own.name_set`).

    Raises:
        ValueError: unknown name, or what stands there is no data set.
    """
    kind, colon, folder = name.partition(":")
    if kind == KIND and colon:
        return image_folder(folder)
    if is_dotted(split_name(name)[0]):
        return find_own_set(name)
    return look_up("data.name", name, DATASETS, SHAPE)


@lru_cache(maxsize=32)
def read_facts(name: str, root: Path) -> DataSet:
    """Return a data set with the facts measured below `root`, else with those declared.

    Raises:
        ValueError: unknown name; a folder of another layout.
    """
    found = find_data_set(name)
    facts = found.measure(root)
    return found if facts is None else replace(found, **facts._asdict())


@lru_cache(maxsize=2)
def load_data(name: str, root: Path, device: str = "cpu") -> Splits:
    """Return the splits of a data set on `device`; a process that runs many trials loads it once.

    Raises:
        ValueError: unknown name, or data that is not there; says where it looked.
    """
    splits = find_data_set(name).load(root)
    if is_dotted(split_name(name)[0]):
        check_splits(name, read_facts(name, root), splits)
    return splits.to(device)


def read_trial_facts(config: DataConfig, root: Path) -> DataSet:
    """Return the facts of a trial's data: those of its set, but as many train images as it uses.

    Raises:
        ValueError: unknown name; more images than there are; a folder of another layout.
    """
    facts = read_facts(name_set(config), root)
    if config.images > facts.num_train:
        raise ValueError(
            f"data.images: expected at most the {facts.num_train} train images of {config.name}, "
            f"got {config.images}"
        )
    return replace(facts, num_train=config.images or facts.num_train)


def load_trial_splits(config: DataConfig, root: Path, device: str = "cpu") -> Splits:
    """Return the splits of a trial on `device`.

    Raises:
        ValueError: as `load_data`.
    """
    splits = load_data(name_set(config), root, device)
    if not config.images:
        return splits
    return replace(splits, train=splits.train.select(slice(0, config.images)))


def prepare_data(name: str, root: Path) -> Splits:
    """Return the splits, downloading and decoding what is missing first (driver only)."""
    find_data_set(name).download(root)
    # all three arguments, as `load_trial_splits` passes them: the cache of `load_data` compares
    # the arguments as they are written, and would otherwise load the data twice
    return load_data(name, root, "cpu")
