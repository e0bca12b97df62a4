"""Streamed images: the same pixels whatever the number of threads, and a resident probe."""

import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, PruneConfig, TrialConfig
from nvp.data import prepare_data, read_facts
from nvp.data import stream as stream_module
from nvp.data.batches import eval_batches, train_batches
from nvp.data.decode import DRAWS, TRIES, choose_crop_box, read_plain_view, read_rgb
from nvp.data.files import list_train_and_val
from nvp.data.splits import Images, ImageSource, Splits
from nvp.data.stream import Stream
from nvp.models import build_model
from nvp.storage.store import Storage
from nvp.testing import data_laws
from nvp.testing.law import Law
from nvp.training.evaluation import evaluate
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from nvp.vitality import observe_images
from tests.folders import image_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image_folder(tmp_path_factory.mktemp("data") / "imagenet", "train", "val", each=9)


def splits(folder: Path, side: int = 16) -> Splits:
    found = list_train_and_val(folder)
    train, val, test = (
        Stream(folder, part, (0.5,) * 3, (0.25,) * 3, side) for part in found.by_split().values()
    )
    return Splits(train, val, test, 3)


def epoch(images: ImageSource, **changes: object) -> list[tuple[torch.Tensor, torch.Tensor]]:
    config = DataConfig(**({"batch_size": 4, "augment": "crop_flip"} | changes))  # type: ignore
    return list(train_batches(images, config, seed=3, epoch=2))


def test_imagenet_is_the_ilsvrc_folder(folder: Path) -> None:
    facts, data = read_facts("imagenet", folder.parent), prepare_data("imagenet", folder.parent)
    assert isinstance(data.train, Stream)
    assert isinstance(data.train, ImageSource)
    assert data.train.shape == facts.image_shape == (3, 224, 224)
    assert facts.num_train == len(data.train) == 26
    assert (len(data.val), len(data.test), data.num_classes) == (1, 27, 3)
    pixels, labels = next(iter(eval_batches(data.val)))
    assert pixels.shape == (1, 3, 224, 224)
    assert labels.tolist() == data.val.labels.tolist()


@pytest.mark.parametrize(
    "law",
    [
        data_laws.its_facts_hold,
        data_laws.batches_are_uint8_images_in_order,
        data_laws.the_probe_is_the_first_of_train,
        data_laws.training_batches_follow_the_order,
        data_laws.loading_it_twice_gives_the_same,
        data_laws.what_is_there_passes_its_check,
    ],
)
def test_a_stream_keeps_the_laws_of_a_data_set(folder: Path, law: Law) -> None:
    facts = read_facts("imagenet", folder.parent)
    law(data_laws.DataCase("imagenet", facts, folder.parent))


@pytest.mark.parametrize("augment", ["none", "crop_flip"])
def test_threads_move_no_pixel(folder: Path, augment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = splits(folder).train
    runs = []
    for count in (1, 3, 8):
        monkeypatch.setattr(stream_module, "count_threads", lambda device, n=count: n)
        runs.append(epoch(images, augment=augment))
    for run in runs[1:]:
        for (one, labels), (two, same) in zip(runs[0], run, strict=True):
            assert torch.equal(one, two)
            assert torch.equal(labels, same)


def test_the_order_is_that_of_a_resident_set(folder: Path) -> None:
    images = splits(folder).train
    resident = images.first(len(images))
    for (pixels, labels), (expected, same) in zip(
        epoch(images, augment="none"), epoch(resident, augment="none"), strict=True
    ):
        assert torch.equal(labels, same)
        assert torch.equal(pixels, expected)


def test_evaluation_is_in_order_and_by_files(folder: Path) -> None:
    images = splits(folder).test
    assert isinstance(images, Stream)
    pixels = torch.cat([p for p, _ in images.plain_batches(5)])
    labels = torch.cat([labels for _, labels in images.plain_batches(5)])
    assert labels.tolist() == images.labels.tolist()
    for image, name in zip(pixels, images.files.names, strict=True):
        assert torch.equal(image, read_plain_view(folder / name, 16))


def test_the_central_crop_is_torchvision_s(folder: Path) -> None:
    from torchvision.transforms import v2  # takes seconds

    transform = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224)])
    for path in sorted((folder / "val" / "n02").iterdir()):
        difference = read_plain_view(path, 224).int() - transform(read_rgb(path)).int()
        assert difference.abs().float().mean() < 2  # its rounding of the longer side differs


def test_what_is_measured_is_that_of_a_resident_set(folder: Path) -> None:
    images = splits(folder, side=8).train
    resident = images.first(len(images))
    model = build_model(ModelConfig(name="convnet", width=0.1), images.shape, 3, seed=0)
    assert evaluate(model, images) == evaluate(model, resident)
    one, two = (
        observe_images(model, source, bins=4, batch_size=64) for source in (images, resident)
    )
    for path, activity in one.layers.items():
        assert torch.equal(activity.counts, two.layers[path].counts)


def test_the_probe_is_resident_and_decoded_once(folder: Path) -> None:
    data = splits(folder)
    probe = data.probe(7)
    assert isinstance(probe, Images)
    assert data.probe(7) is probe
    assert len(data.probe(10**6)) == len(data.train)
    assert torch.equal(probe.labels, data.train.labels[:7])


def test_stopping_in_the_middle_of_an_epoch_ends_the_threads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "count_threads", lambda device: 3)
    before = set(threading.enumerate())
    batches = splits(folder).train.plain_batches(2)
    next(batches)
    started = set(threading.enumerate()) - before
    assert started, "images are decoded in threads"
    batches.close()  # type: ignore[attr-defined]
    assert not [thread for thread in started if thread.is_alive()]


@given(st.integers(1, 600), st.integers(1, 600), st.integers(0, 2**31))
@settings(deadline=None, max_examples=200)
def test_crops_lie_in_the_image(height: int, width: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    draws = torch.rand(DRAWS, generator=rng, dtype=torch.float64).tolist()
    top, left, h, w = choose_crop_box(height, width, draws)
    assert 0 <= top <= top + h <= height
    assert 0 <= left <= left + w <= width
    assert h > 0
    assert w > 0


def test_the_first_try_that_fits_is_taken() -> None:
    draws = [1.0 - 2**-53] * TRIES + [0.5] * TRIES + [0.0, 0.0, 0.9]
    draws[3], draws[13] = 0.0, 0.5  # 8 % of the area, square
    assert choose_crop_box(100, 50, draws) == (0, 0, 20, 20)
    draws[3] = draws[0]
    assert choose_crop_box(100, 50, draws) == (16, 0, 67, 50)  # none: as tall as 4/3 allows


def test_a_trial_streams(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nvp.data.sets.imagenet.SIDE", 8)
    config = TrialConfig(
        epochs=2,
        data=DataConfig(name="imagenet", batch_size=8, augment="crop_flip", cutout=2),
        model=ModelConfig(name="mlp", width=0.1),
        probe=ProbeConfig(size=16, bins=4),
        prune=PruneConfig(method="dead", patience=1),
    )
    last = list(run_trial(config, Storage.at(str(tmp_path)), RunOptions(data_root=folder.parent)))[
        -1
    ]
    assert (last.status, last.error) == ("done", None)
