"""Folders of images: layouts that are refused by name, and the cache of decoded images."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, TrialConfig
from nvp.data import cache, find_data_set, load_data, prepare_data, read_facts
from nvp.data.sets.image_folder import parse_name
from nvp.data.sets.tiny_imagenet import list_files
from nvp.data.splits import Images, Splits
from nvp.trial.validation import check_trial
from tests.folders import CLASSES, image_folder, tiny_imagenet, write

TINY = "tiny_imagenet"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    load_data.cache_clear()


def official(path: Path) -> bytes:
    return np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1).tobytes()


def pairs(images: Images) -> list[tuple[bytes, int]]:
    return [
        (image.numpy().tobytes(), label)
        for image, label in zip(images.pixels, images.labels.tolist(), strict=True)
    ]


def resident(data: Splits) -> tuple[Images, Images, Images]:
    parts = data.train, data.val, data.test
    assert all(isinstance(part, Images) for part in parts)
    return parts  # type: ignore[return-value]


def test_tiny_imagenet_is_read_by_its_annotations(tmp_path: Path) -> None:
    folder = tiny_imagenet(tmp_path)
    train, val, test = resident(prepare_data(TINY, tmp_path))
    assert (len(train), len(val), len(test)) == (23, 1, 6)
    assert train.shape == (3, 64, 64)
    expected = [(official(folder / f"val/images/val_{k}.JPEG"), 2 - k % 3) for k in range(6)]
    assert pairs(test) == expected
    files = [
        (official(path), label)
        for label, name in enumerate(CLASSES)
        for path in (folder / "train" / name / "images").iterdir()
    ]
    assert sorted(pairs(train) + pairs(val)) == sorted(files)
    values = train.pixels.double() / 255
    assert train.mean == pytest.approx(values.mean((0, 2, 3)).tolist(), abs=1e-4)
    assert train.std == pytest.approx(values.std((0, 2, 3), correction=0).tolist(), abs=1e-4)
    assert (test.mean, test.std) == (train.mean, train.std)


def test_facts_are_declared_until_the_folder_says_otherwise(tmp_path: Path) -> None:
    nothing = read_facts(TINY, tmp_path / "nothing")
    assert (nothing.image_shape, nothing.num_classes, nothing.num_train) == (
        (3, 64, 64),
        200,
        95000,
    )
    tiny_imagenet(tmp_path)
    there = read_facts(TINY, tmp_path)
    data = prepare_data(TINY, tmp_path)
    assert (there.num_classes, there.num_train) == (3, len(data.train)) == (3, 23)
    assert data.num_classes == 3
    assert there.image_shape == data.train.shape


def test_a_part_of_the_official_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tiny_imagenet(tmp_path)
    for image in (folder / "train" / "n02" / "images").iterdir():
        image.unlink()
    (folder / "val" / "images" / "val_0.JPEG").unlink()
    data = prepare_data(TINY, tmp_path)
    assert data.num_classes == 2
    assert data.test.labels.tolist() == [0, 1, 0]  # val_2, val_3, val_5; 1 and 4 are of n02


@pytest.mark.parametrize("missing", ["wnids.txt", "val/val_annotations.txt", "train"])
def test_a_layout_that_lacks_something_is_named(tmp_path: Path, missing: str) -> None:
    folder = tiny_imagenet(tmp_path)
    (folder / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="found (no|0)") as refused:
        prepare_data(TINY, tmp_path)
    assert str(folder) in str(refused.value)
    assert "http://cs231n.stanford.edu/tiny-imagenet-200.zip" in str(refused.value)
    assert missing in str(refused.value)


def test_missing_folders_name_where_and_how(tmp_path: Path) -> None:
    for name, where, how in (
        (TINY, "tiny-imagenet-200", "unzip"),
        ("imagenet", "imagenet", "ILSVRC2012_img_train.tar"),
        ("folder:flowers", "flowers", "NVP_DATA"),
    ):
        for get in (prepare_data, load_data):
            with pytest.raises(ValueError, match="expected") as refused:
                get(name, tmp_path)
            assert str(tmp_path / where) in str(refused.value)
            assert how in str(refused.value)
            assert "NVP_DATA" in str(refused.value)


def test_a_folder_with_a_side_is_cropped_and_resized(tmp_path: Path) -> None:
    image_folder(tmp_path / "flowers", "train", "val", "test", suffix="png")
    facts = read_facts("folder:flowers@32", tmp_path)
    train, val, test = resident(prepare_data("folder:flowers@32", tmp_path))
    assert facts.image_shape == train.shape == (3, 32, 32)
    assert (facts.num_train, len(val), len(test)) == (len(train), 24, 24) == (24, 24, 24)
    assert len(set(train.labels[:12].tolist())) == 3  # the probe is the first of train
    with pytest.raises(ValueError, match=r"expected \d+x\d+ pixels .*@<side>"):
        prepare_data("folder:flowers", tmp_path)


def test_a_real_folder_of_tiny_imagenet_images(tmp_path: Path) -> None:
    real = Path(os.environ.get("NVP_DATA", "data")).absolute() / "tiny_imagenet_20"
    if not (real / "train").is_dir():
        pytest.skip("tiny_imagenet_20 is not on this machine")
    (tmp_path / real.name).symlink_to(real)  # the cache goes beside the link
    train, val, test = resident(prepare_data(f"folder:{real.name}", tmp_path))
    assert (len(train), len(val), len(test)) == (1900, 100, 1000)
    assert torch.bincount(torch.cat([train.labels, val.labels])).tolist() == [100] * 20
    assert torch.bincount(test.labels).tolist() == [50] * 20
    assert train.shape == (3, 64, 64)


def test_without_test_the_val_folder_is_test(tmp_path: Path) -> None:
    image_folder(tmp_path / "flowers", "train", "val")
    data = prepare_data("folder:flowers@8", tmp_path)
    assert (len(data.train), len(data.val), len(data.test)) == (23, 1, 24)
    (tmp_path / "flowers" / "val" / "n09").mkdir()
    with pytest.raises(ValueError, match="no images of n09"):
        prepare_data("folder:flowers@8", tmp_path)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    folder = tiny_imagenet(tmp_path)
    broken = folder / "train" / "n01" / "images" / "n01_3.JPEG"
    broken.write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"n01_3\.JPEG: expected an image"):
        prepare_data(TINY, tmp_path)
    assert not cache.cache_path(tmp_path, TINY).exists()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".cache", "x@", "x@-3", "x@0", "x@y"])
def test_a_folder_s_name_is_one_below_the_root(name: str) -> None:
    with pytest.raises(ValueError, match="expected folder:<name>"):
        find_data_set(f"folder:{name}")


def test_folder_and_side() -> None:
    assert parse_name("flowers") == ("flowers", 0)
    assert parse_name("flowers@64") == ("flowers", 64)


def test_the_second_load_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_imagenet(tmp_path)
    first = prepare_data(TINY, tmp_path)
    monkeypatch.setattr(cache, "write_cache", lambda *_: pytest.fail("decoded again"))
    load_data.cache_clear()
    for again in (prepare_data(TINY, tmp_path), find_data_set(TINY).load(tmp_path)):
        for one, two in zip(resident(first), resident(again), strict=True):
            assert torch.equal(one.pixels, two.pixels)
            assert torch.equal(one.labels, two.labels)
            assert (one.mean, one.std) == (two.mean, two.std)


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    tiny_imagenet(tmp_path)
    first = resident(prepare_data(TINY, tmp_path))[0].pixels.clone()
    path = cache.cache_path(tmp_path, TINY)
    assert path.stat().st_mode & 0o777 == 0o644  # other users' trials read it too
    whole = path.read_bytes()
    for damaged in (
        whole[:-100],
        whole[:-5000] + bytes([whole[-5000] ^ 1]) + whole[-4999:],
        b"",
        b"{}",
    ):
        path.write_bytes(damaged)
        assert cache.read_cache(path) is None
        again = resident(find_data_set(TINY).load(tmp_path))[0]
        assert torch.equal(again.pixels, first)


def test_the_driver_notices_another_folder(tmp_path: Path) -> None:
    folder = tiny_imagenet(tmp_path)
    before = prepare_data(TINY, tmp_path)
    write(folder / "train" / "n03" / "images" / "n03_99.JPEG", 5)
    load_data.cache_clear()
    list_files.cache_clear()
    after = prepare_data(TINY, tmp_path)
    assert len(after.train) == len(before.train) + 1


@pytest.mark.minutes
def test_two_processes_at_once_make_one_whole_cache(tmp_path: Path) -> None:
    tiny_imagenet(tmp_path)
    code = (
        "import sys; from pathlib import Path; from nvp.data import prepare_data;"
        "d = prepare_data('tiny_imagenet', Path(sys.argv[1]));"
        "print(int(d.train.pixels.sum()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    sums = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert sums == {f"{int(resident(load_data(TINY, tmp_path))[0].pixels.sum())}\n"}
    assert sorted(p.name for p in (tmp_path / ".cache").iterdir() if p.suffix != ".lock") == [
        "tiny_imagenet.safetensors"
    ]


def test_a_trial_of_a_folder_is_planned_with_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_DATA", str(tmp_path))
    image_folder(tmp_path / "flowers", "train", "val")
    config = TrialConfig(
        data=DataConfig(name="folder:flowers@8", batch_size=23),
        model=ModelConfig(name="mlp"),
        probe=ProbeConfig(bins=4),
    )
    check_trial(config)
    with pytest.raises(ValueError, match="at most the 23 images"):
        check_trial(config.with_overrides({"data.batch_size": 24}))
    with pytest.raises(ValueError, match=str(tmp_path / "weeds")):
        check_trial(config.with_overrides({"data.name": "folder:weeds"}))
