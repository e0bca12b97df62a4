"""ImageNet (ILSVRC 2012): 1,271,167 train, 10,000 val, 50,000 test images, 224x224, 1,000 classes.

It streams. Test is the official validation part, val is held out of train. Augmentation crop_flip
is a random resized crop; else the central 224x224 of the image resized to a shorter side of 256.

Source: Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015.
"""

from pathlib import Path

from nvp.data.data_set import DataSet, Facts
from nvp.data.files import Listing, train_and_val_folders
from nvp.data.splits import Splits
from nvp.data.stream import Stream

SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def listing(root: Path) -> Listing:
    """Return the files below `root`.

    Raises:
        ValueError: when they are not there, or laid out in another way.
    """
    try:
        return train_and_val_folders(root / "imagenet")
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
    """Return the splits below `root`, none of it decoded."""
    found = listing(root)
    train, val, test = (
        Stream(found.folder, part, MEAN, STD, SIDE) for part in (found.train, found.val, found.test)
    )
    return Splits(train, val, test, found.num_classes)


def measure(root: Path) -> Facts | None:
    """Return what is below `root`, None where nothing is."""
    if not (root / "imagenet").is_dir():
        return None
    found = listing(root)
    return Facts((3, SIDE, SIDE), found.num_classes, len(found.train))


IMAGENET = DataSet(
    image_shape=(3, SIDE, SIDE),
    num_classes=1000,
    num_train=1271167,
    load=load,
    measure=measure,
)
