"""Data sets: the laws of `nvp.testing` over DATASETS; one that is not here is skipped."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from nvp.config.trial_config import DataConfig, TrialConfig
from nvp.data import (
    DATASETS,
    data_root,
    load_data,
    load_trial_splits,
    prepare_data,
    read_trial_facts,
)
from nvp.data.fetch import main
from nvp.data.splits import Images, draw_permutation
from nvp.testing import DataSuite
from nvp.testing.data_laws import DataCase
from nvp.trial.validation import check_trial

ROOTS = (os.environ.get("NVP_DATA", "data"), Path(__file__).parents[3] / "shared" / "data")
SIZES = {
    "digits": 1797,
    "cifar10": 60000,
    "cifar100": 60000,
    "fashion_mnist": 70000,
    "mnist": 70000,
    "tiny_imagenet": 110000,
}
CLASSES = {"cifar10": "CIFAR10", "cifar100": "CIFAR100"} | {
    "fashion_mnist": "FashionMNIST",
    "mnist": "MNIST",
}
SHARED = {"digits": 0.0}  # the fraction of images that two splits share
RESIDENT = sorted(set(DATASETS) - {"imagenet"})  # test_stream.py looks at the other


class TestDataSets(DataSuite):
    @pytest.fixture(autouse=True, params=RESIDENT)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param
        self.case = case_or_skip(self.name)

    def cases(self) -> Iterator[DataCase]:
        yield self.case

    def test_the_set_is_whole(self) -> None:
        assert sum(len(part) for part in self.case.parts.values()) == SIZES[self.name]


@cache
def case_or_skip(name: str) -> DataCase:
    """Return a data set as it is on this machine."""
    for root in ROOTS:
        case = DataCase(name, DATASETS[name], Path(root).absolute(), SHARED.get(name, 0.01))
        with suppress(ValueError):
            train = case.splits.train
            if name == "tiny_imagenet" and len(train) < case.facts.num_train:
                pytest.skip("a part of it; test_folders.py looks at parts")
            return case
    pytest.skip(f"{name} is not on this machine")


def test_digits_are_split_without_overlap_or_loss() -> None:
    data = case_or_skip("digits").splits
    values, labels = load_digits(return_X_y=True)
    official = np.round(values * 255 / 16).astype(np.uint8)
    expected = sorted(zip(map(bytes, official), labels.tolist(), strict=True))
    found = [
        (bytes(image.numpy()), int(label))
        for part in (data.train, data.val, data.test)
        for image, label in zip(part.pixels.flatten(1), part.labels, strict=True)
    ]
    assert sorted(found) == expected


def test_the_splitting_permutation_is_one() -> None:
    order = draw_permutation(100)
    assert sorted(order.tolist()) == list(range(100))
    assert torch.equal(order, draw_permutation(100))
    assert order.tolist() != list(range(100))


@pytest.mark.parametrize("name", CLASSES)
def test_data_that_are_not_there_name_the_folder_and_the_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected its files below") as refused:
        load_data(name, tmp_path)
    message = str(refused.value)
    assert str(tmp_path) in message
    assert f"get them with: nvp data {name}, or" in message
    assert "NVP_DATA" in message


def test_a_download_that_fails_says_both_what_is_missing_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no network here") if kwargs["download"] else RuntimeError("not found")

    monkeypatch.setattr("nvp.data.sets.torchvision_sets.torchvision_class", lambda name: offline)
    with pytest.raises(ValueError, match=r"MNIST: expected its files .*no network here"):
        prepare_data("mnist", tmp_path)


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"data\.name: .*did you mean 'digits'"):
        load_data("digts", Path())


def test_data_sets_are_fetched_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits"]) == 0
    assert capsys.readouterr().out.startswith("digits: ")
    assert main(["digts"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "did you mean 'digits'" in line


def test_the_root_is_the_environment_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NVP_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.delenv("NVP_DATA")
    assert data_root() == Path("data").absolute()


def test_images_select_by_index_and_slice() -> None:
    pixels = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1)
    images = Images(pixels, torch.arange(4), (0.0,), (1.0,))
    assert images.select(torch.tensor([3, 1])).labels.tolist() == [3, 1]
    assert images.select(slice(1, 3)).pixels.flatten().tolist() == [1, 2]
    assert images.select(slice(0, 2)).mean == (0.0,)


def test_a_trial_may_train_on_a_part() -> None:
    whole, facts = (
        load_trial_splits(DataConfig(), data_root()),
        read_trial_facts(DataConfig(), data_root()),
    )
    part = DataConfig(images=100)
    assert read_trial_facts(part, data_root()) == replace(facts, num_train=100)
    splits = load_trial_splits(part, data_root())
    assert torch.equal(splits.train.first(200).pixels, whole.train.first(100).pixels)
    assert splits.val is whole.val
    assert splits.test is whole.test


def test_more_images_than_there_are_is_refused() -> None:
    with pytest.raises(
        ValueError, match="data.images: expected at most the .* of digits, got 9999"
    ):
        check_trial(TrialConfig(data=DataConfig(images=9999)))
