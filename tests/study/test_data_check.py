"""The images of a study: named at each start, and refused where finished trials saw others."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.data import load_data, read_facts
from nvp.planning.design import Design
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study, read_study
from nvp.study.study import Study
from tests.folders import image_folder, write
from tests.in_process import run_main

NAME = "folder:pets@8"
CONFIG = TrialConfig().with_overrides(
    {
        "epochs": 1,
        "data.name": NAME,
        "data.batch_size": 16,
        "model.name": "mlp",
        "model.width": 0.05,
        "probe.size": 32,
        "probe.bins": 8,
    }
)
DESIGN = Design(base=CONFIG, space={"optim.lr": grid(0.1)}, seeds=1)
STUDY = Study(name="images", paper=DESIGN, quick=DESIGN)
FLAGS = ("--preset", "quick", "--no-ray")


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of images, and look for data beside it."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("NVP_DATA", str(tmp_path / "data"))
    forget()
    return image_folder(tmp_path / "data/pets", "train", "test", suffix="png", each=12)


def forget() -> None:
    """Forget the data that were read, as another process would not have read them."""
    read_facts.cache_clear()
    load_data.cache_clear()


def start(place: Path, *flags: str, study: Study = STUDY) -> Any:
    forget()
    return run_main(study, place, *FLAGS, *flags)


def kept(place: Path) -> dict[str, Any]:
    return read_study(open_study(str(place), "images", "quick"))["data"]


def replace_image(pets: Path) -> None:
    """Put another image in the place of the first; its file is of another size."""
    write(pets / "train/n01/train_0.png", 77, height=48, width=90)


def test_a_start_says_what_its_data_are_and_keeps_it(tmp_path: Path, pets: Path) -> None:
    ended = start(tmp_path / "out")
    assert ended.returncode == 0, ended.stderr
    found = kept(tmp_path / "out")
    assert set(found) == {NAME}
    assert found[NAME]["classes"] == 3
    assert found[NAME]["images"] == 72
    mark = found[NAME]["fingerprint"]
    assert len(mark) == 12
    line = f"data {NAME}: 3 classes, 72 images, fingerprint {mark}; 35 train, 1 val, 36 test"
    assert line in ended.stdout.splitlines()
    again = start(tmp_path / "out", "--seeds", "2")
    assert (again.returncode, kept(tmp_path / "out")) == (0, found)


def add_image(pets: Path) -> None:
    write(pets / "train/n01/more.png", 7)


def remove_image(pets: Path) -> None:
    (pets / "train/n02/train_3.png").unlink()


def move_image(pets: Path) -> None:
    (pets / "train/n02/train_3.png").rename(pets / "train/n01/moved.png")


def change_test_image(pets: Path) -> None:
    write(pets / "test/n03/test_3.png", 7, height=33)


@pytest.mark.parametrize(
    "change", [replace_image, add_image, remove_image, move_image, change_test_image]
)
def test_images_that_changed_are_refused_unless_accepted(
    tmp_path: Path, pets: Path, change: Any
) -> None:
    place = tmp_path / "out"
    assert start(place).returncode == 0
    before, written = kept(place), (place / "images/quick/study.json").read_bytes()
    change(pets)
    refused = start(place, "--seeds", "2")
    assert refused.returncode == 2
    (line,) = refused.stderr.strip().splitlines()
    assert f"data {NAME}: expected the images of the starts before" in line
    assert before[NAME]["fingerprint"] in line
    assert "--accept-changed-data" in line
    assert (place / "images/quick/study.json").read_bytes() == written
    assert len(read_index(open_study(str(place), "images", "quick")).rows) == 1
    accepted = start(place, "--seeds", "2", "--accept-changed-data")
    assert accepted.returncode == 0, accepted.stderr
    assert "accepted; 1 finished trials have seen the images before" in accepted.stdout
    after = kept(place)
    assert after[NAME]["fingerprint"] != before[NAME]["fingerprint"]
    assert after[NAME]["before"] == [before[NAME]["fingerprint"]]
    assert start(place, "--seeds", "3").returncode == 0, "the new images are the known ones now"
    assert kept(place) == after


def test_a_study_from_before_fingerprints_goes_by_its_rows(tmp_path: Path, pets: Path) -> None:
    place = tmp_path / "out"
    assert start(place).returncode == 0
    path = place / "images/quick/study.json"
    old = json.loads(path.read_text())
    del old["data"]
    path.write_text(json.dumps(old))
    assert start(place).returncode == 0, "the same images"
    path.write_text(json.dumps(old))
    for label in ("n01", "n02", "n03"):
        for k in range(12):
            write(pets / f"train/{label}/train_{k}.png", 500 + k)
    refused = start(place, "--seeds", "2")
    assert refused.returncode == 2
    assert "expected the images that 1 finished trials have seen" in refused.stderr


def test_data_of_another_name_are_kept_beside(tmp_path: Path, pets: Path) -> None:
    place = tmp_path / "out"
    assert start(place).returncode == 0
    design = replace(DESIGN, base=CONFIG.with_overrides({"data.name": "digits"}))
    assert start(place, study=replace(STUDY, quick=design)).returncode == 0
    assert set(kept(place)) == {NAME, "digits"}
    assert kept(place)["digits"]["images"] == 1797
