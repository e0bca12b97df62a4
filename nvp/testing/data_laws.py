"""Laws of a data set: its declared facts, its splits, and the batches that come of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from nvp.config.seed import make_generator
from nvp.data.data_set import DataSet
from nvp.data.splits import ImageSource, Splits
from nvp.testing.law import BrokenLaw, expect
from nvp.testing.side_effects import expect_no_side_effects

MOST_LOOKED_AT = 5000  # images of a split whose pixels are read
CLOSE = 0.01  # by which a declared mean or deviation may differ
BATCH = 64


@dataclass(frozen=True, eq=False)
class DataCase:
    """A data set.

    Attributes:
        name: as in `data.name`.
        facts: the data set, with the facts that planning uses.
        root: the folder of the data sets.
        most_shared: the fraction of images that two splits may share: real sets hold some twice.
    """

    name: str
    facts: DataSet
    root: Path
    most_shared: float = 0.01

    def __str__(self) -> str:
        return self.name

    @cached_property
    def splits(self) -> Splits:
        """Return its splits, loaded once."""
        return self.facts.load(self.root)

    @property
    def parts(self) -> dict[str, ImageSource]:
        """Return {name of a split: its images}."""
        splits = self.splits
        return {"train": splits.train, "val": splits.val, "test": splits.test}


def its_facts_hold(case: DataCase) -> None:
    """The splits are what the `DataSet` declares: planning reads nothing else."""
    facts, data = case.facts, case.splits
    found = {
        "num_train": (facts.num_train, len(data.train)),
        "num_classes": (facts.num_classes, data.num_classes),
        **{f"image_shape of {k}": (facts.image_shape, p.shape) for k, p in case.parts.items()},
        "means of train": (facts.image_shape[0], len(data.train.mean)),
        "deviations of train": (facts.image_shape[0], len(data.train.std)),
    }
    for what, (declared, came) in found.items():
        expect(came == declared, f"{what} {declared}, as declared", came)


def every_image_has_a_label_and_every_class_an_image(case: DataCase) -> None:
    """Labels are 0 to num_classes - 1, each split has every class, and no split is empty."""
    for name, part in case.parts.items():
        expect(len(part) > 0, f"images in {name}", "none")
        expect(part.labels.dtype == torch.int64, f"int64 labels of {name}", part.labels.dtype)
        expect(len(part.labels) == len(part), f"{len(part)} labels of {name}", len(part.labels))
        wanted, came = set(range(case.facts.num_classes)), set(part.labels.tolist())
        text = f"labels 0 to {case.facts.num_classes - 1} in {name}, each at least once"
        missing, unknown = sorted(wanted - came)[:10], sorted(came - wanted)[:10]
        expect(came == wanted, text, f"{missing} missing, {unknown} unknown")


def batches_are_uint8_images_in_order(case: DataCase) -> None:
    """`plain_batches` gives all images once, in order, of the declared shape."""
    for name, part in case.parts.items():
        some = part.select(slice(0, MOST_LOOKED_AT))
        labels = []
        for pixels, of_batch in some.plain_batches(BATCH):
            came = (pixels.dtype, tuple(pixels.shape[1:]))
            wanted = (torch.uint8, tuple(case.facts.image_shape))
            expect(came == wanted, f"pixels of {name} of (type, shape) {wanted}", came)
            expect(len(pixels) == len(of_batch), "a label for each image", len(of_batch))
            labels += of_batch.tolist()
        same = labels == some.labels.tolist()
        expect(same, f"the images of {name} once each, in order", "others, or another order")


def train_is_normalised_to_about_zero_and_one(case: DataCase) -> None:
    """The declared means and deviations are those of the train images, of values in [0, 1]."""
    values = read_pixels(case.splits.train).double() / 255
    train = case.splits.train
    for channel, (mean, std) in enumerate(zip(train.mean, train.std, strict=True)):
        found = float(values[:, channel].mean()), float(values[:, channel].std())
        close = abs(found[0] - mean) < CLOSE and abs(found[1] - std) < CLOSE
        text = f"mean and deviation of channel {channel} of train within {CLOSE:g} of the images'"
        expect(close, f"{text}, {found[0]:.4f} and {found[1]:.4f}", f"{mean:g} and {std:g}")


def the_probe_is_the_first_of_train(case: DataCase) -> None:
    """`first(n)` gives the first min(n, all) images, un-augmented and resident."""
    train = case.splits.train
    size = min(100, (len(train) + 1) // 2)
    probe, batch = case.splits.probe(size), next(iter(train.plain_batches(size)))
    same = torch.equal(probe.pixels, batch[0]) and torch.equal(probe.labels, batch[1])
    expect(same, f"the first {size} train images as probe", "other images")
    everything = len(train.select(slice(0, size)).first(10**9))
    expect(everything == size, f"{size} images where more are asked for than there are", everything)


def training_batches_follow_the_order(case: DataCase) -> None:
    """`augmented_batches` gives the images of each row of the order it is given."""
    train = case.splits.train
    size = min(8, len(train) // 2)
    order = torch.randperm(len(train), generator=make_generator(0, "order"))[: 2 * size].view(2, -1)
    for row, (pixels, labels) in zip(
        order, train.augmented_batches(order, "none", torch.Generator()), strict=True
    ):
        wanted = train.select(row).first(len(row))
        same = torch.equal(labels, wanted.labels) and torch.equal(pixels, wanted.pixels)
        expect(same, "the images of each row of the order", "others")


def no_image_is_in_two_splits(case: DataCase) -> None:
    """Validation and test images are none that the network trains on."""
    images = {name: fingerprints(read_pixels(part)) for name, part in case.parts.items()}
    for one, other in (("val", "train"), ("test", "train"), ("test", "val")):
        shared = sum(count for image, count in images[one].items() if image in images[other])
        most = case.most_shared * sum(images[one].values())
        wanted = f"at most {most:g} images of {one} that are also in {other} (most_shared)"
        expect(shared <= most, wanted, shared)


def loading_it_twice_gives_the_same(case: DataCase) -> None:
    """A trial that goes on elsewhere sees the same images; loading draws no random number."""
    with expect_no_side_effects():
        again = case.facts.load(case.root)
    for name, part in case.parts.items():
        twin = {"train": again.train, "val": again.val, "test": again.test}[name]
        same = torch.equal(twin.labels, part.labels)
        expect(same, f"the same labels of {name} each time that it is loaded", "others")
        one, two = (each.first(BATCH).pixels for each in (part, twin))
        expect(torch.equal(one, two), f"the same images of {name} each time", "others")


def what_is_there_passes_its_check(case: DataCase) -> None:
    """`check` accepts the files that `load` reads."""
    try:
        case.facts.check(case.root)
    except ValueError as error:
        raise BrokenLaw(
            f"expected `check` to accept what `load` has loaded, got: {error}"
        ) from None


def read_pixels(images: ImageSource) -> Tensor:
    """Return the pixels of the first images of a split."""
    return images.first(MOST_LOOKED_AT).pixels


def fingerprints(pixels: Tensor) -> Mapping[bytes, int]:
    """Return {the bytes of an image: how often it is there}."""
    found: dict[bytes, int] = {}
    for image in pixels.cpu().flatten(1).numpy():
        key = image.tobytes()
        found[key] = found.get(key, 0) + 1
    return found
