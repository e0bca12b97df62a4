"""Any folder of images by class: `folder:flowers` is <NVP_DATA>/flowers, `folder:flowers@64` crops.

Layout: train/<class>/*, and val/<class>/* or test/<class>/* or both. Without a side the images must
be of one size. With a side, the central square of each is resized to it. Folder and side are part
of the data set's name and so of the trial's, because results depend on them. The location of the
folder is not. Images are turned as their EXIF data say. What is hidden (.ipynb_checkpoints) is no
class and no image.
"""

from pathlib import Path

from nvp.data import cache
from nvp.data.data_set import DataSet, Facts
from nvp.data.decode import read_square
from nvp.data.files import Listing, list_train_and_val
from nvp.data.splits import Splits

KIND = "folder"


def image_folder(name: str) -> DataSet:
    """Return the data set called `folder:<name>`; all its facts are measured, none declared.

    Args:
        name: what follows the colon: a folder below NVP_DATA, then @ and a side or nothing.
    """
    folder, side = parse_name(name)

    def listing(root: Path) -> Listing:
        try:
            return list_train_and_val(root / folder, upright=True)
        except ValueError as error:
            raise ValueError(
                f"data.name={KIND}:{name}: {error}; put it there or name its parent folder in "
                "NVP_DATA"
            ) from None

    def cache_file(root: Path) -> Path:
        return cache.cache_path(root, f"{KIND}_{name}")

    def measure(root: Path) -> Facts:
        found = listing(root)
        first = read_square(found.folder / found.train.names[0], side, upright=True)
        height, width = first.shape[1:]
        return Facts((3, height, width), found.num_classes, len(found.train))

    def load(root: Path) -> Splits:
        return cache.load_cache(lambda: listing(root), cache_file(root), side)

    def download(root: Path) -> None:
        list_train_and_val.cache_clear()
        cache.prepare_cache(listing(root), cache_file(root), side)

    return DataSet(
        image_shape=(3, 0, 0),
        num_classes=0,
        num_train=0,
        load=load,
        download=download,
        check=listing,
        measure=measure,
    )


def parse_name(name: str) -> tuple[str, int]:
    """Return (folder, side) of "folder@side"; side 0 where there is none.

    Raises:
        ValueError: for anything but the name of one folder, or a side that is no positive number.
    """
    folder, at, side = name.partition("@")
    whole = folder and "/" not in folder and not folder.startswith(".")
    if not whole or (at and not (side.isdecimal() and int(side) > 0)):
        raise ValueError(
            f"data.name: expected {KIND}:<name> or {KIND}:<name>@<side in pixels>, where <name> is "
            f"a folder directly below NVP_DATA, got {KIND}:{name}"
        )
    return folder, int(side or 0)
