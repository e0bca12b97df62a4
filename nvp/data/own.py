"""A user's data set, by its dotted name: a `DataSet`, or a function that returns one.

The parameters of the function are settings (`data.extra.*`). With them, a set has a name of its own
wherever sets are told apart: `mylab.data:spots{"size": 8}`.
"""

import json
from typing import Any

import torch

from nvp.config.dotted_names import import_name, is_dotted
from nvp.config.extra import thaw_value
from nvp.config.own_settings import Own
from nvp.config.trial_config import DataConfig
from nvp.data.data_set import DataSet
from nvp.data.splits import Images, ImageSource, Splits


def name_set(config: DataConfig) -> str:
    """Return the name of a data set with the settings that its function gets."""
    if not config.extra or not is_dotted(config.name):
        return config.name
    return config.name + json.dumps({key: thaw_value(v) for key, v in config.extra.items()})


def split_name(name: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the settings of what `name_set` returned."""
    plain, brace, settings = name.partition("{")
    return plain, json.loads(brace + settings) if brace else {}


def list_own_of_data(config: DataConfig) -> list[Own]:
    """Return the user's function that a section names: what reads `data.extra`."""
    if not is_dotted(config.name):
        return []
    found = import_name("data.name", config.name)
    return [Own("data.name", config.name, make_nothing if isinstance(found, DataSet) else found)]


def make_nothing() -> None:
    """Take no settings: what stands for a data set that is no function."""


def find_own_set(name: str) -> DataSet:
    """Return the data set that a dotted name stands for, with its settings; raises ValueError."""
    plain, settings = split_name(name)
    found = import_name("data.name", plain)
    if callable(found) and not isinstance(found, DataSet):
        found = Own("data.name", plain, found).call_explained(settings, let=(ValueError,))
    if not isinstance(found, DataSet):
        raise ValueError(
            f"data.name: expected an nvp.DataSet or a function that returns one, got {plain!r}, "
            f"which is or returns a {type(found).__name__}"
        )
    shape = found.image_shape
    if not (isinstance(shape, tuple) and len(shape) == 3 and all(type(n) is int for n in shape)):
        raise ValueError(
            f"data.name: {plain}: expected image_shape=(channels, height, width), got {shape!r}"
        )
    return found


def check_splits(name: str, found: DataSet, splits: Any) -> None:
    """Raise ValueError where a user's data set loads other images than it declares."""
    if not isinstance(splits, Splits):
        raise ValueError(
            f"data.name: {name}: expected load to return nvp.Splits, got a {type(splits).__name__}"
        )
    parts: dict[str, ImageSource] = {"train": splits.train, "val": splits.val, "test": splits.test}
    declared = (found.image_shape, found.num_classes)
    for split, images in parts.items():
        loaded = (tuple(images.shape), splits.num_classes)
        if loaded != declared:
            raise ValueError(
                f"data.name: {name}: expected the declared image_shape and num_classes, {declared}"
                f", got {loaded} in {split}"
            )
        if isinstance(images, Images) and len(images):
            check_labels(name, split, images, found.num_classes)
    if len(splits.train) != found.num_train:
        raise ValueError(
            f"data.name: {name}: expected the declared num_train={found.num_train}, got "
            f"{len(splits.train)} train images"
        )


def check_labels(name: str, split: str, images: Images, num_classes: int) -> None:
    """Raise ValueError for labels or pixels of another type or range."""
    if images.pixels.dtype != torch.uint8 or images.labels.dtype != torch.int64:
        raise ValueError(
            f"data.name: {name}: expected uint8 pixels and int64 labels, got {images.pixels.dtype} "
            f"and {images.labels.dtype} in {split}"
        )
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"data.name: {name}: expected labels from 0 to {num_classes - 1}, got {low} to {high} "
            f"in {split}"
        )
