"""Decoding: each kind of image file gives the pixels that a person would see, or is named."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, TrialConfig
from nvp.data import cache, data_root, load_data, prepare_data
from nvp.data.decode import read_rgb
from nvp.data.files import list_train_and_val
from nvp.data.fingerprint import describe_data, find_missing_data
from nvp.data.sets.image_folder import image_folder as declare_folder
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from tests.folders import image_folder, tiny_imagenet, write

GREYS = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    load_data.cache_clear()
    list_train_and_val.cache_clear()


def save(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def greys(path: Path) -> np.ndarray:
    """Return the one channel that all three are equal to."""
    pixels = read_rgb(path).numpy()
    assert (pixels == pixels[0]).all()
    return pixels[0]


# --- depth and mode


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("below", [0, 1, 100, 128])
def test_sixteen_bits_are_scaled_to_eight(suffix: str, below: int, tmp_path: Path) -> None:
    values = GREYS.astype(np.uint16) * 257 - np.where(GREYS == 0, 0, below).astype(np.uint16)
    path = save(tmp_path / f"deep.{suffix}", values)
    assert Image.open(path).mode == "I;16"
    assert np.array_equal(greys(path), GREYS)


def test_a_file_of_16_bits_that_uses_a_few_is_dark_and_not_stretched(tmp_path: Path) -> None:
    path = save(tmp_path / "dark.png", np.full((4, 4), 1000, dtype=np.uint16))
    assert np.unique(greys(path)).tolist() == [4]


def test_32_bits_hold_16_and_fractions_go_to_one(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.tif", GREYS.astype(np.int32) * 257)
    part = save(tmp_path / "part.tif", GREYS.astype(np.float32) / 255)
    assert [Image.open(path).mode for path in (whole, part)] == ["I", "F"]
    assert np.array_equal(greys(whole), GREYS)
    assert np.array_equal(greys(part), GREYS)


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (np.full((4, 4), 70000, dtype=np.int32), "from 0 to 65535, got 70000 to 70000"),
        (np.full((4, 4), -1, dtype=np.int32), "from 0 to 65535, got -1 to -1"),
        (np.full((4, 4), 255, dtype=np.float32), "from 0 to 1, got 255 to 255"),
        (np.full((4, 4), np.nan, dtype=np.float32), "from 0 to 1, got nan to nan"),
    ],
)
def test_where_white_is_not_known_the_file_is_named(
    values: np.ndarray, got: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "odd.tif", values)
    with pytest.raises(ValueError, match="expected values") as refused:
        read_rgb(path)
    assert str(path) in str(refused.value)
    assert got in str(refused.value)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "YCbCr"])
@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "bmp", "jpg"])
def test_every_mode_that_a_format_has_is_read(mode: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"image.{suffix}"
    bars = np.where(GREYS >= 128, np.uint8(255), np.uint8(0))
    try:
        Image.fromarray(bars).convert("RGB").convert(mode).save(path)
    except OSError:
        pytest.skip(f"{suffix} has no {mode}")
    assert np.abs(greys(path).astype(int) - bars).max() <= 8  # CMYK and jpg round


@pytest.mark.filterwarnings("error")
def test_what_is_transparent_keeps_its_colour(tmp_path: Path) -> None:
    image = Image.fromarray(GREYS).convert("P")
    image.save(tmp_path / "palette.png", transparency=bytes(range(256)))
    assert np.array_equal(greys(tmp_path / "palette.png"), GREYS)
    clear = np.stack([GREYS, GREYS, GREYS, np.zeros_like(GREYS)], axis=2)
    assert np.array_equal(greys(save(tmp_path / "clear.png", clear)), GREYS)


# --- EXIF


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_images_of_folders_are_turned_as_their_exif_says(
    turn: int, suffix: str, tmp_path: Path
) -> None:
    upright = np.kron(np.arange(6).reshape(2, 3) * 50, np.ones((16, 16))).astype(np.uint8)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[turn]  # how a camera held it
    image = Image.fromarray(upright)
    lying = image if back is None else image.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / f"turned.{suffix}"
    lying.save(path, exif=exif, lossless=True)
    found = read_rgb(path, upright=True)[0].numpy()
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).max() <= 12
    if suffix != "tif":  # Pillow turns these itself
        assert read_rgb(path)[0].shape == lying.size[::-1], "official sets are read as they lie"


def test_a_folder_is_planned_and_decoded_upright(tmp_path: Path) -> None:
    image_folder(tmp_path / "flowers", "train", "val")
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in (tmp_path / "flowers").rglob("*.JPEG"):
        Image.new("RGB", (40, 24), (9, 9, 9)).save(path, exif=exif)
    facts = declare_folder("flowers").measure(tmp_path)
    assert facts is not None
    assert facts.image_shape == (3, 40, 24)
    assert prepare_data("folder:flowers", tmp_path).train.shape == (3, 40, 24)


# --- which files and folders count


def test_every_suffix_is_read_and_hidden_things_are_not(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "flowers", "train", "val")
    before = prepare_data("folder:flowers@8", tmp_path)
    for suffix in ("webp", "bmp", "tif", "tiff", "PNG"):
        write(folder / "train" / "n01" / f"more.{suffix}", 1)
    for hidden in (".ipynb_checkpoints/train_0.JPEG", "n01/._train_0.JPEG", "n01/.hidden.png"):
        write(folder / "train" / hidden, 2)
    write(folder / "val" / ".ipynb_checkpoints" / "val_0.JPEG", 3)
    (folder / ".DS_Store").mkdir()
    load_data.cache_clear()
    after = prepare_data("folder:flowers@8", tmp_path)
    assert after.num_classes == before.num_classes == 3
    assert len(after.train) + len(after.val) == len(before.train) + len(before.val) + 5


def put_folder(image: Path) -> None:
    image.unlink()
    image.mkdir()


def put_broken_link(image: Path) -> None:
    image.unlink()
    image.symlink_to("nowhere")


SPOIL = {
    "truncated": lambda image: image.write_bytes(image.read_bytes()[:400]),
    "emptied": lambda image: image.write_bytes(b""),
    "no image": lambda image: image.write_text("<html>not found</html>"),
    "a folder": put_folder,
    "a broken link": put_broken_link,
}


@pytest.mark.parametrize("how", SPOIL)
def test_a_spoiled_image_is_named_in_one_line(how: str, tmp_path: Path) -> None:
    image = image_folder(tmp_path / "flowers", "train", "val") / "train" / "n02" / "train_3.JPEG"
    SPOIL[how](image)
    with pytest.raises(ValueError, match="expected an image") as refused:
        prepare_data("folder:flowers@8", tmp_path)
    assert str(image) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("part", ["train", "val"])
def test_an_empty_class_is_named(part: str, tmp_path: Path) -> None:
    empty = image_folder(tmp_path / "flowers", "train", "val") / part / "n03"
    for image in empty.iterdir():
        image.unlink()
    with pytest.raises(ValueError, match=f"expected images in {empty}, found none"):
        prepare_data("folder:flowers@8", tmp_path)


def test_one_class_is_refused(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "flowers", "train", "val")
    for part in ("train", "val"):
        for name in ("n02", "n03"):
            (folder / part / name).rename(tmp_path / f"{part}-{name}")
    with pytest.raises(ValueError, match="expected at least 2 classes in .*/train, found n01"):
        prepare_data("folder:flowers@8", tmp_path)


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_folder(tmp_path / "flowers", "train", "val")

    def refuse(path: Path) -> list[str]:  # the tests may run as root, whom nothing refuses
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(ValueError, match="expected a folder that can be read.*Permission denied"):
        prepare_data("folder:flowers@8", tmp_path)


# --- cache, fingerprint, revision


def test_a_cache_of_another_decoder_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_folder(tmp_path / "flowers", "train", "val")
    prepare_data("folder:flowers@8", tmp_path)
    path = cache.cache_path(tmp_path, "folder_flowers@8")
    assert cache.read_cache(path) is not None
    monkeypatch.setattr(cache, "DECODER", 99)
    assert cache.read_cache(path) is None, "a trial on a node, too, decodes anew"
    monkeypatch.undo()
    made = path.stat().st_mtime_ns
    monkeypatch.setattr(cache.PIL, "__version__", "99")
    load_data.cache_clear()
    prepare_data("folder:flowers@8", tmp_path)
    assert path.stat().st_mtime_ns > made


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_the_cache_is_readable_as_the_umask_says(mask: int, tmp_path: Path) -> None:
    image_folder(tmp_path / "flowers", "train", "val", each=2)
    before = os.umask(mask)
    try:
        prepare_data("folder:flowers@8", tmp_path)
    finally:
        os.umask(before)
    (path,) = (tmp_path / ".cache").glob("*.safetensors")
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert [p.suffix for p in sorted((tmp_path / ".cache").iterdir())] == [".lock", ".safetensors"]


def test_the_fingerprint_is_of_the_images_and_not_of_their_place(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("first", "second"))
    for root in (first, second):
        image_folder(root / "flowers", "train", "val")
        prepare_data("folder:flowers@8", root)
    one = describe_data("folder:flowers@8", first)
    assert (one.classes, one.images) == (3, 48)
    assert describe_data("folder:flowers@8", second) == one
    path = second / "flowers" / "train" / "n01" / "train_0.JPEG"
    write(path, 99, height=40, width=80)
    load_data.cache_clear()
    prepare_data("folder:flowers@8", second)
    assert describe_data("folder:flowers@8", second).fingerprint != one.fingerprint
    digits = describe_data("digits", tmp_path)
    assert (digits.classes, digits.images) == (10, 1797)
    assert digits == describe_data("digits", tmp_path / "elsewhere")


def test_the_fingerprint_of_a_stream_is_of_its_files(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "imagenet", "train", "val")
    one = describe_data("imagenet", tmp_path)
    assert (one.classes, one.images) == (3, 48)
    write(folder / "train" / "n01" / "train_99.JPEG", 1)
    load_data.cache_clear()
    list_train_and_val.cache_clear()
    more = describe_data("imagenet", tmp_path).fingerprint
    assert more != one.fingerprint
    place = folder / "val" / "n02" / "val_3.JPEG"
    place.write_bytes(place.read_bytes()[:-1] + b"x")  # of the same size
    load_data.cache_clear()
    assert describe_data("imagenet", tmp_path).fingerprint not in (more, one.fingerprint)


def test_the_revision_of_folder_sets_alone_rises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_DATA", str(tmp_path))
    image_folder(tmp_path / "flowers", "train", "val")
    tiny_imagenet(tmp_path)
    small = TrialConfig(
        data=DataConfig(batch_size=8), model=ModelConfig(name="mlp"), probe=ProbeConfig(bins=4)
    )
    names = ("digits", "tiny_imagenet", "folder:flowers@8")
    plan = make_plan(Design(base=small, space={"data.name": grid(*names)}, seeds=2))
    assert {(c.data.name, c.revision) for c in plan.trials.values()} == {
        ("digits", 0), ("tiny_imagenet", 0), ("folder:flowers@8", 1)}  # fmt: skip
    assert all(name == trial_id(config) for name, config in plan.trials.items())
    stored = TrialConfig().with_overrides({"data.name": "folder:flowers@8"})
    assert stored.revision == 0, "a row of before keeps its revision"


# --- data that is not there


@pytest.mark.parametrize("given", ["nowhere", "", "file", "nowhere/below"])
def test_a_data_folder_that_is_none_is_refused_and_never_made(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("NVP_DATA", given)
    with pytest.raises(ValueError, match="NVP_DATA: expected the folder of the data sets, got"):
        data_root()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_home_is_expanded_and_the_default_is_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NVP_DATA", "~")
    assert data_root() == tmp_path
    monkeypatch.delenv("NVP_DATA")
    assert data_root() == tmp_path / "data"


@pytest.mark.parametrize("name", ["mnist", "cifar10", "tiny_imagenet", "imagenet", "folder:x"])
def test_missing_data_is_one_line_and_makes_nothing(name: str, tmp_path: Path) -> None:
    missing = find_missing_data(name, tmp_path / "root")
    assert str(tmp_path / "root") in missing
    assert "\n" not in missing
    assert list(tmp_path.iterdir()) == []
    assert find_missing_data("digits", tmp_path / "root") == ""


def test_data_that_is_there_is_not_missing(tmp_path: Path) -> None:
    image_folder(tmp_path / "flowers", "train", "val")
    tiny_imagenet(tmp_path)
    for name in ("folder:flowers@8", "tiny_imagenet"):
        assert find_missing_data(name, tmp_path) == ""
    assert not (tmp_path / ".cache").exists()
