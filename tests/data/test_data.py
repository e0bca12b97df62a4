"""Data sets: a suite over DATASETS; a set that is not on this machine is skipped."""

import os
from dataclasses import replace
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
from nvp.data.splits import Images, Splits, draw_permutation
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
RESIDENT = sorted(set(DATASETS) - {"imagenet"})  # test_stream.py looks at the other


def load_or_skip(name: str) -> Splits:
    for root in ROOTS:
        try:
            return DATASETS[name].load(Path(root).absolute())
        except ValueError:
            continue
    pytest.skip(f"{name} is not on this machine")


@pytest.mark.parametrize("name", RESIDENT)
def test_the_facts_hold(name: str) -> None:
    facts, data = DATASETS[name], load_or_skip(name)
    parts = (data.train, data.val, data.test)
    if name == "tiny_imagenet" and len(data.train) < facts.num_train:
        pytest.skip("a part of it; test_folders.py looks at parts")
    assert len(data.train) == facts.num_train
    assert sum(len(part) for part in parts) == SIZES[name]
    assert data.num_classes == facts.num_classes
    for part in parts:
        assert part.shape == facts.image_shape
        assert part.pixels.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        assert len(part.pixels) == len(part.labels)
        assert set(part.labels.tolist()) == set(range(facts.num_classes))
    assert len(data.train.mean) == len(data.train.std) == facts.image_shape[0]


@pytest.mark.parametrize("name", RESIDENT)
def test_train_is_normalised_to_about_zero_and_one(name: str) -> None:
    data = load_or_skip(name)
    values = data.train.pixels[:5000].double() / 255
    for channel, (mean, std) in enumerate(zip(data.train.mean, data.train.std, strict=True)):
        assert abs(float(values[:, channel].mean()) - mean) < 0.01
        assert abs(float(values[:, channel].std()) - std) < 0.01


@pytest.mark.parametrize("name", RESIDENT)
def test_the_probe_is_the_first_of_train(name: str) -> None:
    data = load_or_skip(name)
    assert torch.equal(data.probe(100).pixels, data.train.pixels[:100])
    assert torch.equal(data.probe(100).labels, data.train.labels[:100])
    assert len(data.probe(10**9)) == len(data.train)


def test_digits_are_split_without_overlap_or_loss() -> None:
    data = load_or_skip("digits")
    values, labels = load_digits(return_X_y=True)
    official = np.round(values * 255 / 16).astype(np.uint8)
    expected = sorted(zip(map(bytes, official), labels.tolist(), strict=True))
    found = [
        (bytes(image.numpy()), int(label))
        for part in (data.train, data.val, data.test)
        for image, label in zip(part.pixels.flatten(1), part.labels, strict=True)
    ]
    assert sorted(found) == expected


def test_digits_are_the_same_every_time() -> None:
    one, two = (DATASETS["digits"].load(Path("nowhere")) for _ in range(2))
    assert torch.equal(one.train.pixels, two.train.pixels)
    assert torch.equal(one.test.labels, two.test.labels)


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
    assert f"from torchvision.datasets import {CLASSES[name]}" in message
    assert "download=True" in message
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
