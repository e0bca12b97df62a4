"""A data set before it is there: the facts that planning needs, and how to get it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nvp.data.splits import Splits


class Facts(NamedTuple):
    """The facts that planning needs; `image_shape` is (channels, height, width)."""

    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The declared facts of a data set, and how to get and load it.

    Attributes:
        image_shape: (channels, height, width).
        num_classes: of the labels, which are 0 to num_classes - 1.
        num_train: images of the train split.
        load: returns the splits below a folder; ValueError when they are not there.
        download: brings them below a folder unless they are there (driver only).
        check: raises ValueError when the files are not below a folder; creates and decodes nothing.
        measure: returns the facts of the images below a folder, which may be a part of the whole
            set. None where there are none, or where only the whole set loads: then the facts are
            those declared here.
        streamed: whether its images stay in their files, because they do not fit into memory.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int
    load: Callable[[Path], Splits]
    download: Callable[[Path], None] = lambda root: None
    check: Callable[[Path], object] = lambda root: None
    measure: Callable[[Path], Facts | None] = lambda root: None
    streamed: bool = False
