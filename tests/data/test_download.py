"""Downloads: by the driver alone, whole or not at all, once whoever else asks meanwhile."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nvp.config.trial_config import DataConfig, TrialConfig
from nvp.data import load_data
from nvp.data.sets.torchvision_sets import fetch_set, is_there
from nvp.storage.store import Storage
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions

FILES = ("one", "two", "three")


class Recorder:
    """A data set as torchvision has them: three files below <root>/Fake/raw, made of an archive."""

    filename = "fake.tar.gz"

    def __init__(self, during: Callable[[Path], None] = lambda raw: None) -> None:
        self.downloads: list[Path] = []
        self.during = during

    def __call__(self, *, root: Path, train: bool, download: bool) -> None:
        raw = root / "Fake" / "raw"
        if download:
            self.downloads.append(root)
            raw.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (raw / name).write_text("half of")
                self.during(raw)
                (raw / name).write_text("half of it, and the other half")
        if not all((raw / name).exists() for name in FILES):
            raise RuntimeError("Dataset not found")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr("nvp.data.sets.torchvision_sets.torchvision_class", lambda name: recorder)
    return recorder


def contents(root: Path) -> set[str]:
    return {path.read_text() for path in (root / "Fake" / "raw").iterdir()}


def test_a_set_is_fetched_once(fake: Recorder, tmp_path: Path) -> None:
    fetch_set("Fake", tmp_path)
    fetch_set("Fake", tmp_path)
    assert len(fake.downloads) == 1
    assert contents(tmp_path) == {"half of it, and the other half"}
    assert {path.name for path in tmp_path.iterdir()} - {".download.lock"} == {"Fake"}


def test_nobody_sees_half_of_a_file(fake: Recorder, tmp_path: Path) -> None:
    fake.during = lambda raw: pytest.fail("half") if is_there("Fake", tmp_path) else None
    fetch_set("Fake", tmp_path)
    assert is_there("Fake", tmp_path)


def test_a_download_that_died_is_done_again(fake: Recorder, tmp_path: Path) -> None:
    def die(raw: Path) -> None:
        raise KeyboardInterrupt

    fake.during = die
    with pytest.raises(KeyboardInterrupt):
        fetch_set("Fake", tmp_path)
    assert not (tmp_path / "Fake").exists()
    fake.during = lambda raw: None
    fetch_set("Fake", tmp_path)
    assert contents(tmp_path) == {"half of it, and the other half"}


def test_two_at_once_download_once(fake: Recorder, tmp_path: Path) -> None:
    meet = threading.Barrier(2)
    failed: list[BaseException] = []

    def driver() -> None:
        meet.wait()
        try:
            fetch_set("Fake", tmp_path)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=driver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len(fake.downloads) == 1


def test_archives_that_are_there_are_used(fake: Recorder, tmp_path: Path) -> None:
    (tmp_path / "Fake" / "raw").mkdir(parents=True)
    (tmp_path / "Fake" / "raw" / "one.gz").write_text("an archive")
    (tmp_path / "fake.tar.gz").write_text("another")
    (tmp_path / "else.tar.gz").write_text("not of this set")
    found: set[str] = set()
    fake.during = lambda raw: found.update(p.name for p in raw.parents[1].rglob("*.gz"))
    fetch_set("Fake", tmp_path)
    assert found == {"one.gz", "fake.tar.gz"}


def test_a_folder_that_cannot_be_written_still_serves(fake: Recorder, tmp_path: Path) -> None:
    fetch_set("Fake", tmp_path)
    shutil.rmtree(tmp_path / ".download.lock", ignore_errors=True)
    os.chmod(tmp_path, 0o500)
    try:
        fetch_set("Fake", tmp_path)
    finally:
        os.chmod(tmp_path, 0o700)
    assert len(fake.downloads) == 1


@pytest.mark.parametrize("name", ["cifar100", "fashion_mnist", "tiny_imagenet", "imagenet"])
def test_a_trial_never_downloads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, download: bool, **kwargs: object) -> None:
        assert not download
        raise RuntimeError("Dataset not found")

    monkeypatch.setattr("nvp.data.sets.torchvision_sets.torchvision_class", lambda name: offline)
    root = tmp_path / "data"
    root.mkdir()
    config = TrialConfig(epochs=1, data=DataConfig(name=name))
    *_, last = run_trial(config, Storage.at(str(tmp_path / "results")), RunOptions(data_root=root))
    assert last.status == "failed"
    assert last.error is not None
    assert str(root) in last.error
    assert list(root.iterdir()) == []
    with pytest.raises(ValueError, match="expected"):
        load_data(name, root)
