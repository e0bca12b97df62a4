"""Tiny-ImageNet: 95,000 train, 5,000 val, 10,000 test colour images of 200 classes, 64x64.

The test split is the official validation set, because the labels of the official test set are not
public; val is held out of train. A folder with fewer classes or images is used as it is, and
planned with the images it holds; the probe's hash in `trials` tells its results from those of the
whole set.

Source: Le and Yang, "Tiny ImageNet visual recognition challenge", CS 231N, 2015.
"""

from functools import lru_cache
from pathlib import Path

from nvp.data import cache
from nvp.data.data_set import DataSet, Facts
from nvp.data.files import (
    Files,
    Listing,
    gather_files,
    hold_out_val,
    list_by_class,
    list_folders,
    list_images,
)
from nvp.data.splits import Splits

FOLDER = "tiny-imagenet-200"
GET_IT = (
    "curl -LO http://cs231n.stanford.edu/tiny-imagenet-200.zip && "
    "unzip -q tiny-imagenet-200.zip -d {root}"
)


def make_layout_error(root: Path, found: str) -> ValueError:
    """Return the error for a folder whose layout is not the official one."""
    return ValueError(
        f"tiny_imagenet: expected wnids.txt, train/<wnid>/images/*.JPEG, val/images/*.JPEG and "
        f"val/val_annotations.txt below {root / FOLDER}, {found}; get it with: "
        f"{GET_IT.format(root=root)} or name its parent folder in NVP_DATA"
    )


@lru_cache(maxsize=4)
def list_files(root: Path) -> Listing:
    """Return the files below `root`.

    Raises:
        ValueError: when the layout is not the official one.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        raise make_layout_error(root, "found no such folder")
    wanted = folder / "wnids.txt", folder / "val" / "val_annotations.txt"
    for path in wanted:
        if not path.is_file():
            raise make_layout_error(root, f"found no {path.relative_to(folder)}")
    listed = set(wanted[0].read_text().split())
    classes = [
        c for c in list_folders(folder / "train")
        if c in listed and list_images(folder / "train" / c / "images")
    ]  # fmt: skip
    everything = list_by_class(folder, "train", classes, "images")
    test = list_annotated(folder, wanted[1], classes)
    if len(everything) < 2 or not len(test):
        raise make_layout_error(
            root, f"found {len(everything)} images in train and {len(test)} in val"
        )
    return Listing(folder, *hold_out_val(everything), test, len(classes))


def list_annotated(folder: Path, annotations: Path, classes: list[str]) -> Files:
    """Return the official validation images of `classes`, with the labels of the annotations."""
    label = {name: index for index, name in enumerate(classes)}
    there = set(list_images(folder / "val" / "images"))
    rows = [line.split("\t")[:2] for line in annotations.read_text().splitlines() if line]
    return gather_files((f"val/images/{i}", label[c]) for i, c in rows if c in label and i in there)


def measure(root: Path) -> Facts | None:
    """Return the facts of the images below `root`; None when the folder is not there."""
    if not (root / FOLDER).is_dir():
        return None
    found = list_files(root)
    return Facts((3, 64, 64), found.num_classes, len(found.train))


def load(root: Path) -> Splits:
    """Return the splits below `root`, from the cache of decoded images."""
    return cache.load_cache(lambda: list_files(root), cache.cache_path(root, "tiny_imagenet"))


def download(root: Path) -> None:
    """Decode what is below `root` into the cache; it is not downloaded automatically."""
    list_files.cache_clear()
    cache.prepare_cache(list_files(root), cache.cache_path(root, "tiny_imagenet"))


TINY_IMAGENET = DataSet(
    image_shape=(3, 64, 64),
    num_classes=200,
    num_train=95000,
    load=load,
    download=download,
    check=list_files,
    measure=measure,
)
