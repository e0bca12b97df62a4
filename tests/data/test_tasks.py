"""Tasks of continual learning: the laws of their images, and what the driver refuses."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from nvp.config.sections.data import DataConfig
from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.batches import eval_batches, train_batches
from nvp.data.splits import Images, Splits
from nvp.data.tasks import count_task_images, expect_task_images, make_task
from nvp.trial.validation import check_trial

KINDS = {
    "permuted": {"tasks": 3},
    "shuffled_labels": {"tasks": 3},
    "class_incremental": {"tasks": 5},
    "data_incremental": {"tasks": 4},
}
PARTS = ("train", "val", "test")


@cache
def digits() -> Splits:
    return DATASETS["digits"].load(Path())


def config_of(kind: str, **changes: object) -> DataConfig:
    return DataConfig(task=kind, **(KINDS[kind] | changes))  # type: ignore[arg-type]


def see(images: Images) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a network is shown of all images, and their labels."""
    pixels, labels = zip(*eval_batches(images), strict=True)
    return torch.cat(pixels), torch.cat(labels)


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_the_same_alone_and_in_sequence_and_another_one_for_other_seeds(
    kind: str,
) -> None:
    config = config_of(kind)
    in_turn = [make_task(config, digits(), 3, task) for task in range(config.tasks)]
    torch.manual_seed(1)
    alone = make_task(config, digits(), 3, 2)
    for got, wanted in zip(see(alone.train), see(in_turn[2].train), strict=True):
        assert torch.equal(got, wanted)
    other = make_task(config, digits(), 4, 2)
    same = [len(a) == len(b) and torch.equal(a, b)
            for a, b in zip(see(other.train), see(alone.train), strict=True)]  # fmt: skip
    assert not all(same)
    assert [len(each.train) for each in in_turn] == list(in_turn[0].train_images)


def test_permuted_tasks_have_one_order_of_inputs_in_all_splits_and_their_own_labels() -> None:
    config = config_of("permuted")
    tasks = [make_task(config, digits(), 0, task) for task in (0, 1)]
    orders = [task.train.permutation for task in tasks]
    assert not torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], torch.arange(64)), "the first task is permuted, too"
    for order, task in zip(orders, tasks, strict=True):
        assert torch.equal(order.sort().values, torch.arange(64))
        for part in PARTS:
            plain, labels = see(getattr(digits(), part))
            seen, kept = see(getattr(task, part))
            assert torch.equal(seen.flatten(1), plain.flatten(1)[:, order])
            assert torch.equal(labels, kept)
        assert torch.equal(see(task.probe(50))[0], see(task.train)[0][:50])


def test_inputs_are_permuted_after_the_normalisation_of_their_own_channel() -> None:
    pixels = torch.arange(12, dtype=torch.uint8).view(1, 3, 2, 2)
    plain = Images(pixels, torch.tensor([0]), (0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    permuted = replace(plain, permutation=order)
    assert torch.equal(see(permuted)[0].flatten(), see(plain)[0].flatten()[order])


@pytest.mark.parametrize("labels", ["iid", "balanced"])
def test_shuffled_labels_are_of_the_same_images_and_say_nothing_of_them(labels: str) -> None:
    config = config_of("shuffled_labels", labels=labels)
    first, second = (make_task(config, digits(), 0, task) for task in (0, 1))
    assert torch.equal(first.train.pixels, digits().train.pixels)
    agree = (first.train.labels == second.train.labels).double().mean()
    assert abs(float(agree) - 0.1) < 4 * (0.09 / 1400) ** 0.5
    agree = (first.train.labels == digits().train.labels).double().mean()
    assert abs(float(agree) - 0.1) < 4 * (0.09 / 1400) ** 0.5
    counts, true = (each.labels.bincount(minlength=10) for each in (first.train, digits().train))
    assert torch.equal(counts, true) == (labels == "balanced")
    assert len(first.val) == len(first.test) == 0


def test_class_incremental_tasks_add_classes_in_one_order() -> None:
    config = config_of("class_incremental", first_classes=3, more_classes=2, tasks=4)
    before: set[int] = set()
    for task in range(4):
        found = make_task(config, digits(), 0, task)
        for part in PARTS:
            images = getattr(found, part)
            classes = set(images.labels.tolist())
            whole = getattr(digits(), part).labels
            assert len(images) == sum(int((whole == each).sum()) for each in classes)
            assert images.seen.nonzero().flatten().tolist() == sorted(classes)
        assert len(classes) == 3 + 2 * task
        assert before < classes
        before = classes


def test_data_incremental_tasks_are_the_start_of_one_random_order() -> None:
    tasks = [make_task(config_of("data_incremental"), digits(), 0, task) for task in range(4)]
    assert [len(each.train) for each in tasks] == [350, 700, 1050, 1400]
    for small, large in zip(tasks, tasks[1:], strict=False):
        assert torch.equal(small.train.pixels, large.train.pixels[: len(small.train)])
    assert len(tasks[0].test) == len(digits().test)
    assert not torch.equal(tasks[3].train.labels, digits().train.labels)
    assert torch.equal(tasks[3].train.labels.sort().values, digits().train.labels.sort().values)


@pytest.mark.parametrize("kind", KINDS)
def test_in_an_epoch_of_a_task_each_of_its_images_is_seen_once(kind: str) -> None:
    config = config_of(kind, batch_size=1)
    task = make_task(config, replace(digits(), train=digits().train.first(120)), 0, 1)
    batches = list(train_batches(task.train, config, seed=0, epoch=5))
    shown = torch.cat([pixels for pixels, _ in batches]).flatten(1)
    whole = see(task.train)[0].flatten(1)
    assert sorted(shown.tolist()) == sorted(whole.tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_expects_about_as_many_images_as_the_tasks_have(kind: str) -> None:
    config = config_of(kind)
    expected = expect_task_images(config, DATASETS["digits"])
    found = count_task_images(config, digits(), 0)
    assert len(expected) == len(found)
    for one, other in zip(expected, found, strict=True):
        assert one == pytest.approx(other, rel=0.05)


REFUSED = {
    "one task": ({"data.task": "permuted"}, "data.tasks: expected at least 2"),
    "a kind that is none": ({"data.task": "permute"}, "permuted"),
    "crops of permuted": (
        {"data.task": "permuted", "data.tasks": 2, "data.augment": "crop_flip"},
        "data.augment=crop_flip",
    ),
    "holes in images of random labels": (
        {"data.task": "shuffled_labels", "data.tasks": 2, "data.cutout": 2},
        "data.cutout=2",
    ),
    "too many classes": (
        {"data.task": "class_incremental", "data.tasks": 6},
        "data.tasks: expected at most 5 .* got 6, which need 12",
    ),
    "a stream": (
        {"data.name": "imagenet", "data.task": "data_incremental", "data.tasks": 2},
        "streamed from its files",
    ),
    "a first task without a whole batch": (
        {"data.task": "data_incremental", "data.tasks": 30},
        "data.batch_size: expected at most the 46 images",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_tasks_that_cannot_be_are_refused_on_the_driver(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NVP_DATA", raising=False)
    changes, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        check_trial(TrialConfig().with_overrides(changes))


@pytest.mark.parametrize("kind", KINDS)
def test_tasks_that_can_be_are_accepted(kind: str) -> None:
    tasks = {"data.task": kind, "data.tasks": KINDS[kind]["tasks"]}
    check_trial(TrialConfig(epochs=1).with_overrides(tasks))
