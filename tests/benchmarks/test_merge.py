"""What a campaign brings home: one small file, that continues it, and evidence of a GPU alone.

There is no GPU here, so a study of a CPU gets the name of one, in its rows, to be merged.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.campaign.bundle import copy_study, read_bundle, write_bundle
from benchmarks.campaign.directions import judge_direction
from benchmarks.campaign.item import Item
from benchmarks.campaign.merge import main, merge
from benchmarks.campaign.record import describe_machine, write_record
from benchmarks.campaign.section import END, START, write_section
from nvp import load
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter
from tests.conftest import ROOT, SMALL, run_study

GPU = "NVIDIA made up"
STUDY = ("quick", "sgd_noise", "quick")


def campaign_with(folder: Path, study_place: Path, device: str) -> Path:
    """Make the folder of a campaign on a device: two items, and a study with its tables."""
    shutil.copytree(
        study_place / "sgd_noise", folder / "studies/quick/sgd_noise", ignore=ignore_tune
    )
    if device != "cpu":
        name_another_device(folder / "studies/quick", device)
    machine = describe_machine("cpu")
    machine |= {"device": device} if device != "cpu" else {}
    measured = "    eager: 3 ms a step\nBAR gpu.x measured=2 target=>=1.8 ok\n"
    items = [
        Item(name="gpu", stage="measurements", command=("-c", "")),
        Item(name="quick.sgd_noise", stage="quick", command=("-c", ""), study=STUDY),
    ]
    for item, output in zip(items, (measured, ""), strict=True):
        write_record(folder, item, machine, code=0, seconds=7.0, output=output)
    return folder


ignore_tune = shutil.ignore_patterns(".tune", "figures")


def name_another_device(place: Path, device: str) -> None:
    """Write the rows of all trials again, as if they had run on a device."""
    storage = open_study(str(place), "sgd_noise", "quick")
    for name, row in read_index(storage).rows.items():
        writer = TrialWriter(storage, name, row["attempt"], manifest=json.loads(row["manifest"]))
        writer.commit(row | {"device": device})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder in the place of the repository, with its page of benchmarks."""
    (tmp_path / "root/docs").mkdir(parents=True)
    shutil.copy(ROOT / "docs/benchmarks.md", tmp_path / "root/docs/benchmarks.md")
    return tmp_path / "root"


def test_a_bundle_has_every_table_but_neurons_in_few_small_files(
    study_place: Path, tmp_path: Path
) -> None:
    folder = campaign_with(tmp_path / "campaign", study_place, GPU)
    bundle = write_bundle(folder)
    shutil.move(folder, tmp_path / "original")
    assert read_bundle(folder)
    whole, carried = (
        read_index(open_study(str(place / "studies/quick"), "sgd_noise", "quick"))
        for place in (tmp_path / "original", folder)
    )
    assert set(carried.rows) == set(whole.rows)
    for table in ("epochs", "layers", "events"):
        names = sorted(whole.rows)
        assert read_table(carried, table, names) == read_table(whole, table, names), table
    assert len(read_table(carried, "neurons")) == 0
    assert len([f for f in (folder / "studies").rglob("*") if f.is_file()]) < 10
    assert bundle.stat().st_size < 200_000
    assert not read_bundle(folder), "a folder that is there is not replaced"


@pytest.mark.minutes
def test_a_study_continues_from_a_bundle(study_place: Path, tmp_path: Path) -> None:
    folder = campaign_with(tmp_path / "campaign", study_place, "cpu")
    write_bundle(folder)
    shutil.rmtree(folder)
    read_bundle(folder)
    again = run_study(folder / "studies/quick", *SMALL, "--no-ray")
    assert again.returncode == 0, again.stderr
    assert "16 done, 0 to run" in again.stdout


def test_what_is_merged_twice_is_there_once(study_place: Path, tmp_path: Path) -> None:
    source = open_study(str(study_place), "sgd_noise", "quick")
    for _ in range(2):
        copy_study(Path(source.root), tmp_path / "copy/sgd_noise/quick")
    copied = open_study(str(tmp_path / "copy"), "sgd_noise", "quick")
    assert set(read_index(copied).rows) == set(read_index(source).rows)
    assert len(copied.files("packs")) < 10


def test_results_of_a_cpu_are_refused(
    study_place: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = campaign_with(tmp_path / "campaign", study_place, "cpu")
    assert main([str(folder)]) == 2
    assert "gpu: expected a result of a GPU, got one of a CPU" in capsys.readouterr().err
    for record in (folder / "records").glob("*.json"):
        kept = json.loads(record.read_text())
        kept["machine"]["device"] = GPU
        record.write_text(json.dumps(kept))
    with pytest.raises(ValueError, match=r"studies/quick/sgd_noise/quick, trial \w+: expected"):
        merge(folder, root, cpu=study_place)
    assert not (root / "evidence").exists()
    assert main([str(tmp_path / "nothing")]) == 2


@pytest.mark.parametrize("bundled", [False, True])
def test_a_campaign_becomes_evidence_and_a_section_of_the_page(
    study_place: Path, root: Path, tmp_path: Path, bundled: bool
) -> None:
    folder = campaign_with(tmp_path / "campaign", study_place, GPU)
    source = write_bundle(folder) if bundled else folder
    merge(source, root, cpu=study_place)
    page = (root / "docs/benchmarks.md").read_text()
    section = page.partition(START)[2].partition(END)[0]
    assert "It has not run on a GPU" not in page
    assert "| `gpu.x` | >= 1.8 | 2 | ok |" in section
    assert "eager: 3 ms a step" in section
    assert f"Measured on: {GPU}, torch" in section
    assert "| opposite |" not in section
    frames = load(str(root / "evidence/gpu/quick"), "sgd_noise", "quick")
    assert len(frames.trials) == 16
    assert set(json.loads((root / "evidence/gpu/records.json").read_text())) == {
        "gpu", "quick.sgd_noise"}  # fmt: skip
    merge(source, root, cpu=study_place)
    assert (root / "docs/benchmarks.md").read_text() == page


def test_a_page_without_the_section_is_refused() -> None:
    with pytest.raises(ValueError, match="found no such section"):
        write_section("# Benchmarks\n", [], pd.DataFrame())


@pytest.mark.parametrize(
    ("gpu", "cpu", "expected"),
    [
        ((0.1, 0.3), (0.2, 0.4), "same"),
        ((-0.3, -0.1), (0.2, 0.4), "opposite"),
        ((-0.1, 0.3), (0.2, 0.4), "undecided"),
        ((0.1, 0.3), (float("nan"), float("nan")), "undecided"),
    ],
)
def test_a_direction_is_said_only_where_both_intervals_leave_out_zero(
    gpu: tuple[float, float], cpu: tuple[float, float], expected: str
) -> None:
    row = {"low_gpu": gpu[0], "high_gpu": gpu[1], "low_cpu": cpu[0], "high_cpu": cpu[1]}
    assert judge_direction(row) == expected
