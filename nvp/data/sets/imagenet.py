"""ImageNet (ILSVRC 2012): 1,271,167 train, 10,000 val, 50,000 test images, 224x224, 1,000 classes.

It streams. The test split is the official validation set; val is held out of train. Augmentation
crop_flip is a random resized crop. Without it, an image is resized to a shorter side of 256, and
its central 224x224 are taken.

Source: Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015.
"""

from pathlib import Path

from nvp.data.data_set import DataSet, Facts
from nvp.data.files import Listing, list_train_and_val
from nvp.data.splits import Splits
from nvp.data.stream import Stream

SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def list_files(root: Path) -> Listing:
    """Return the files below `root`.

    Raises:
        ValueError: when they are not there, or in another layout.
    """
    try:
        return list_train_and_val(root / "imagenet")
    except ValueError as error:
        raise ValueError(
            f"imagenet: {error}; get ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar with an "
            "account of https://image-net.org/download-images, unpack each class into its folder: "
            f'python -c "from torchvision.datasets import ImageNet as I; '
            f"[I('{root}/imagenet', split=s) for s in ('train', 'val')]\" "
            "(beside the tars and ILSVRC2012_devkit_t12.tar.gz), or name the parent folder in "
            "NVP_DATA"
        ) from None


def load(root: Path) -> Splits:
    """Return the splits below `root`; no image is decoded yet."""
    found = list_files(root)
    train, val, test = (
        Stream(found.folder, files, MEAN, STD, SIDE)
        for files in (found.train, found.val, found.test)
    )
    return Splits(train, val, test, found.num_classes)


def measure(root: Path) -> Facts | None:
    """Return the facts of the images below `root`; None when the folder is not there."""
    if not (root / "imagenet").is_dir():
        return None
    found = list_files(root)
    return Facts((3, SIDE, SIDE), found.num_classes, len(found.train))


IMAGENET = DataSet(
    image_shape=(3, SIDE, SIDE),
    num_classes=1000,
    num_train=1271167,
    load=load,
    check=list_files,
    measure=measure,
    streamed=True,
)
