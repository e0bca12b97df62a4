"""What a data set is before it is there: facts to plan with, and how to get it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nvp.data.splits import Splits


class Facts(NamedTuple):
    """What planning needs to know; `image_shape` is (channels, height, width)."""

    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What is known of a data set before it is there, and how to get it.

    Attributes:
        image_shape: (channels, height, width).
        num_train: images of the train split.
        load: returns the splits below a folder; ValueError when they are not there.
        download: brings them below a folder unless they are there (driver only).
        measure: returns what is below a folder, which may be a part of the whole set; None where
            nothing is, or where only the whole set loads: then the facts are those declared here.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int
    load: Callable[[Path], Splits]
    download: Callable[[Path], None] = lambda root: None
    measure: Callable[[Path], Facts | None] = lambda root: None
