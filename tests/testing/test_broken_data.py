"""Each law of a data set can be broken, and says what was expected and what came."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.data.data_set import DataSet
from nvp.data.splits import Images, Splits
from nvp.testing import BrokenLaw, DataSuite, data_laws
from nvp.testing.data_laws import DataCase
from nvp.testing.law import Law

GENERATOR = torch.Generator()


def draw(count: int, seed: int, **changes: Any) -> Images:
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 2, 4, 4), generator=rng, dtype=torch.uint8)
    values = pixels.double() / 255
    mean, std = (tuple(v.tolist()) for v in (values.mean((0, 2, 3)), values.std((0, 2, 3))))
    images = Images(pixels, torch.arange(count) % 3, mean, std)
    return replace(images, **changes)


def right(root: Path) -> Splits:
    return Splits(draw(90, 0), draw(30, 1), draw(30, 2), num_classes=3)


RIGHT = DataSet(image_shape=(2, 4, 4), num_classes=3, num_train=90, load=right)


def loaded(**changes: Callable[[Splits], Any]) -> DataSet:
    """Return the right set with some splits made from it by functions."""

    def load(root: Path) -> Splits:
        splits = right(root)
        return replace(splits, **{name: change(splits) for name, change in changes.items()})

    return replace(RIGHT, load=load)


class Backwards(Images):
    """Gives its batches from the end."""

    def plain_batches(self, batch_size: int) -> Any:
        yield self.pixels.flip(0), self.labels.flip(0)


class Unordered(Images):
    """Trains on the first images, whatever is asked for."""

    def augmented_batches(self, order: Any, augment: str, rng: Any) -> Any:
        yield from ((self.pixels[: len(row)], self.labels[: len(row)]) for row in order)


class ProbesTheEnd(Images):
    def first(self, size: int) -> Images:
        return self.select(slice(max(0, len(self) - size), None))


def as_kind(kind: type[Images]) -> Callable[[Splits], Images]:
    return lambda splits: kind(**vars(splits.train))


def draws(root: Path) -> Splits:
    torch.rand(1)
    return right(root)


def another_each_time(root: Path) -> Splits:
    seed = int(torch.randint(3, 10**6, (), generator=GENERATOR))
    return replace(right(root), test=draw(30, seed))


def refuse(root: Path) -> None:
    raise ValueError("no files here")


def relabel(splits: Splits) -> Images:
    return replace(splits.train, labels=splits.train.labels + 1)


BROKEN: dict[str, tuple[DataSet, Law, str]] = {
    "fewer": (
        replace(RIGHT, num_train=100),
        data_laws.its_facts_hold,
        "expected num_train 100, as declared, got 90",
    ),
    "classes": (
        replace(RIGHT, num_classes=4),
        data_laws.its_facts_hold,
        "expected num_classes 4, as declared, got 3",
    ),
    "shape": (
        replace(RIGHT, image_shape=(2, 4, 5)),
        data_laws.its_facts_hold,
        r"image_shape of train \(2, 4, 5\), as declared, got \(2, 4, 4\)",
    ),
    "labels from 1": (
        loaded(train=relabel),
        data_laws.every_image_has_a_label_and_every_class_an_image,
        r"labels 0 to 2 in train, each at least once, got \[0\] missing, \[3\] unknown",
    ),
    "a class is missing": (
        loaded(val=lambda s: s.val.select((s.val.labels < 2).nonzero().flatten())),
        data_laws.every_image_has_a_label_and_every_class_an_image,
        r"labels 0 to 2 in val, .* got \[2\] missing, \[\] unknown",
    ),
    "backwards": (
        loaded(train=as_kind(Backwards)),
        data_laws.batches_are_uint8_images_in_order,
        "the images of train once each, in order, got others, or another order",
    ),
    "statistics": (
        loaded(train=lambda s: replace(s.train, mean=(0.1, 0.5))),
        data_laws.train_is_normalised_to_about_zero_and_one,
        r"mean and deviation of channel 0 of train within 0\.01 .*, got 0\.1 and 0\.",
    ),
    "probe": (
        loaded(train=as_kind(ProbesTheEnd)),
        data_laws.the_probe_is_the_first_of_train,
        "expected the first 45 train images as probe, got other images",
    ),
    "order": (
        loaded(train=as_kind(Unordered)),
        data_laws.training_batches_follow_the_order,
        "the images of each row of the order, got others",
    ),
    "overlap": (
        loaded(test=lambda s: s.train.select(slice(60, 90))),
        data_laws.no_image_is_in_two_splits,
        r"at most 0\.3 images of test that are also in train \(most_shared\), got 30",
    ),
    "another each time": (
        replace(RIGHT, load=another_each_time),
        data_laws.loading_it_twice_gives_the_same,
        "the same images of test each time, got others",
    ),
    "draws": (
        replace(RIGHT, load=draws),
        data_laws.loading_it_twice_gives_the_same,
        "leave the global random state alone .*, got draws from torch",
    ),
    "check": (
        replace(RIGHT, check=refuse),
        data_laws.what_is_there_passes_its_check,
        "expected `check` to accept what `load` has loaded, got: no files here",
    ),
}


def case_of(facts: DataSet) -> DataCase:
    return DataCase("made up", facts, Path())


def test_a_data_set_that_keeps_all_laws_passes_them() -> None:
    for law in DataSuite.laws:
        law(case_of(RIGHT))


@pytest.mark.parametrize("which", BROKEN)
def test_a_broken_data_set_is_told_apart(which: str) -> None:
    facts, law, message = BROKEN[which]
    with pytest.raises(BrokenLaw, match=message):
        law(case_of(facts))


def test_every_law_has_a_data_set_that_breaks_it() -> None:
    assert {law for _, law, _ in BROKEN.values()} == set(DataSuite.laws)


def test_the_suite_loads_a_set_by_its_name() -> None:
    DataSuite.check("digits", most_shared=0.0)
