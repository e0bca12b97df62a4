"""The preset laptop: each study's, cut down, on the digits in the files of MNIST and CIFAR."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nvp.data import load_data, read_facts
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.study.study import Study
from tests.in_process import run_main
from tests.made_sets import write_cifar, write_mnist
from tests.small_studies import STUDIES, cut, load

ASKING = [path for path in STUDIES if load(path).STUDY.laptop]
FLAGS = ("--preset", "laptop", "--no-ray")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty data folder that studies read, and forget afterwards what was read."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("NVP_DATA", str(folder))
    yield folder
    read_facts.cache_clear()
    load_data.cache_clear()


def small(path: Path, **settings: str) -> Study:
    study: Study = load(path).STUDY
    assert study.laptop
    short = cut(study.laptop, ends=False).with_settings(
        {key.replace("__", "."): value for key, value in settings.items()}, 1
    )
    return replace(study, laptop=short)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_a_study_runs_at_laptop_cut_down(
    path: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mnist(data)
    write_cifar(data, "CIFAR10", monkeypatch)
    ended = run_main(small(path), tmp_path / "out", *FLAGS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = read_index(open_study(str(tmp_path / "out"), path.stem, "laptop")).rows
    assert {row["status"] for row in rows.values()} <= {"done", "diverged"}


@pytest.mark.parametrize(("name", "made"), [("fashion_mnist", "FashionMNIST"), ("cifar100", "")])
def test_it_runs_on_other_images_of_the_same_shape(
    name: str, made: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if made:
        write_mnist(data, made)
    else:
        write_cifar(data, "CIFAR100", monkeypatch)
    path = next(path for path in ASKING if path.stem == "learning_rate")
    ended = run_main(small(path, data__name=name, optim__lr="0.01"), tmp_path / "out", *FLAGS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"data {name}: " in ended.stdout


def test_without_the_files_a_line_says_how_to_get_them_and_how_to_go_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", [])  # as without a network
    path = next(path for path in ASKING if path.stem == "learning_rate")
    study = load(path).STUDY
    for flags in ((*FLAGS, "--dry-run"), FLAGS):
        ended = run_main(study, tmp_path / "out", *flags)
        said = (ended.stdout + ended.stderr).splitlines()
        (line,) = (line for line in said if "MNIST: expected its files below" in line)
        assert "get them with: nvp data mnist" in line
        assert line.endswith("; to go without them: --preset quick")
    assert ended.returncode == 2


def test_a_study_without_the_preset_names_those_that_it_has(tmp_path: Path) -> None:
    path = next(path for path in STUDIES if path not in ASKING)
    ended = run_main(load(path).STUDY, tmp_path, *FLAGS)
    assert ended.returncode == 2
    wanted = f"--preset: expected one that {path.stem} has (quick, paper), got laptop"
    assert wanted in ended.stderr
