"""Moved files: a file in the folder of another trial or table is named, and never believed."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.planning.plan_state import is_ready
from nvp.storage.codec import rows_from_columns
from nvp.storage.compact import compact_study
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter
from nvp.trial.checkpoint import read_checkpoints
from nvp.trial.checkpoint_owner import read_header
from nvp.trial.requirements import FINISHED_ROW
from tests.in_turn import in_turn
from tests.rows import sorted_rows
from tests.trials import interrupt, run_to_end

torch.set_num_threads(1)
CONFIG = TrialConfig().with_overrides(
    {
        "epochs": 3,
        "data.batch_size": 32,
        "data.images": 160,
        "model.name": "mlp",
        "model.width": 0.1,
        "prune.method": "dead",
        "prune.patience": 1,
        "prune.tau": 0.5,
        "probe.size": 64,
        "probe.bins": 8,
    }
)
OTHER = replace(CONFIG, seed=1)
OWN, FOREIGN = trial_id(CONFIG), trial_id(OTHER)
PARTS = [name for name in TABLES if name != "trials"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with two finished trials and their checkpoints."""
    place = tmp_path_factory.mktemp("finished")
    for config in (CONFIG, OTHER):
        assert run_to_end(config, Storage.at(str(place)), keep_checkpoints=True) == "done"
    return place


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with two trials that were interrupted at the same epoch."""
    place = tmp_path_factory.mktemp("begun")
    for config in (CONFIG, OTHER):
        interrupt(config, Storage.at(str(place)), 2)
    return place


@pytest.fixture
def whole(finished: Path, tmp_path: Path) -> Storage:
    return Storage.at(str(shutil.copytree(finished, tmp_path / "whole")))


@pytest.fixture
def half(begun: Path, tmp_path: Path) -> Storage:
    return Storage.at(str(shutil.copytree(begun, tmp_path / "half")))


def bring(storage: Storage, kind: str, *, copied: bool = False) -> list[Path]:
    """Put the files of the foreign trial in place of a trial's own; return where they are now."""
    source, target = (Path(storage.path(f"{kind}/{name}")) for name in (FOREIGN, OWN))
    shutil.rmtree(target)
    (shutil.copytree if copied else shutil.move)(source, target)
    return [path for path in target.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("kind", "copied"), in_turn(TABLES, [True, False]))
def test_foreign_rows_and_parts_do_not_make_a_trial_done(
    kind: str, copied: bool, whole: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    before = sorted_rows(whole)
    moved = bring(whole, kind, copied=copied)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        index = read_index(whole)
    assert set(index.rows) == ({FOREIGN} if copied else set())
    assert OWN in index.damaged
    named = moved if kind == "trials" else [Path(whole.path(f"{kind}/{OWN}"))]
    assert all(str(path) in caplog.text for path in named)
    for config in (CONFIG, OTHER):
        assert run_to_end(config, whole) == "done"
    assert sorted_rows(whole) == before


def test_a_foreign_row_beside_the_own_one_changes_nothing(whole: Storage, caplog) -> None:
    before = sorted_rows(whole)
    (row,) = whole.files(f"trials/{FOREIGN}")
    whole.write(f"trials/{OWN}/9/{row.rpartition('/')[2]}", whole.read(row))
    assert sorted_rows(whole) == before
    assert f"trials/{OWN}/9" in caplog.text
    assert compact_study(whole) == 2
    assert sorted_rows(whole) == before
    whole.write(f"trials/{OWN}/9/{row.rpartition('/')[2]}", whole.read(min(whole.files("packs"))))
    assert sorted_rows(whole) == before


@pytest.mark.parametrize("kind", PARTS)
def test_a_running_trial_shows_no_foreign_rows(kind: str, half: Storage, caplog) -> None:
    bring(half, kind)
    rows = read_table(read_index(half), kind, [OWN])
    assert len(rows) == 0
    assert f"{kind}/{OWN}" in caplog.text


@pytest.mark.parametrize("copied", [True, False])
def test_a_foreign_checkpoint_is_not_continued(copied: bool, half: Storage, whole, caplog) -> None:
    moved = bring(half, "checkpoints", copied=copied)
    assert read_checkpoints(half, OWN) == []
    assert all(str(path) in caplog.text for path in moved)
    for config in (CONFIG, OTHER):
        assert run_to_end(config, half) == "done"
    assert sorted_rows(half) == sorted_rows(whole)


def test_a_checkpoint_of_an_older_version_is_known_by_its_parts(
    half: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_name(content: bytes) -> dict:
        header = read_header(content)
        del header["trial_id"]
        return header

    monkeypatch.setattr("nvp.trial.checkpoint_owner.read_header", without_name)
    assert len(read_checkpoints(half, OWN)) == 2
    bring(half, "checkpoints")
    assert read_checkpoints(half, OWN) == []


def test_an_own_checkpoint_beside_a_newer_foreign_one_continues(half: Storage, whole) -> None:
    newest = max(half.files(f"checkpoints/{FOREIGN}"))
    half.write(f"checkpoints/{OWN}/00099-{newest.rpartition('-')[2]}", half.read(newest))
    assert {found.header["trial_id"] for found in read_checkpoints(half, OWN)} == {OWN}
    for config in (CONFIG, OTHER):
        assert run_to_end(config, half) == "done"
    assert sorted_rows(half) == sorted_rows(whole)


def test_forks_do_not_start_from_a_foreign_checkpoint(whole: Storage) -> None:
    assert is_ready(OWN, read_index(whole), FINISHED_ROW)
    newest = max(whole.files(f"checkpoints/{FOREIGN}"))
    beside = f"checkpoints/{OWN}/{newest.rpartition('/')[2]}"
    whole.write(beside, whole.read(newest))
    assert is_ready(OWN, read_index(whole), FINISHED_ROW), "its own is there, too"
    bring(whole, "checkpoints")
    assert not is_ready(OWN, read_index(whole), FINISHED_ROW)


@pytest.mark.parametrize("table", PARTS)
def test_a_part_of_another_table_is_named(table: str, half: Storage, caplog) -> None:
    other = PARTS[PARTS.index(table) - 1]
    target = Path(half.path(f"{table}/{OWN}"))
    shutil.rmtree(target)
    shutil.copytree(half.path(f"{other}/{OWN}"), target)
    assert len(read_table(read_index(half), table, [OWN])) == 0
    assert f"it holds rows of the table {other}" in caplog.text


def test_files_that_lie_anywhere_else_are_named_and_hinder_nobody(whole: Storage, caplog) -> None:
    before = sorted_rows(whole)
    row, part = min(whole.files("trials")), min(whole.files("layers"))
    strange = [
        f"epochs/{OWN}/1/{row.rpartition('/')[2]}",
        f"trials/{OWN}/1/{part.rpartition('/')[2]}",
        f"trials/{OWN}/first/{row.rpartition('/')[2]}",
    ]
    for name in (*strange, "packs/stray.arrow", "packs/1/deeper/stray.arrow", "layers/stray.arrow"):
        whole.write(name, whole.read(part if "layers" in name else row))
    assert sorted_rows(whole) == before
    assert all(name in caplog.text for name in strange)
    assert compact_study(whole) == 2
    assert sorted_rows(whole) == before
    assert whole.exists("packs/stray.arrow")


# --- packs


def test_a_manifest_in_another_folder_costs_no_row(whole: Storage) -> None:
    before = sorted_rows(whole)
    assert compact_study(whole) == 2
    (manifest,) = [name for name in whole.files("packs") if "manifest" in name]
    whole.write(manifest.replace("00001", "00007"), whole.read(manifest))
    whole.delete([manifest])
    assert sorted_rows(whole) == before
    assert compact_study(whole) == 0
    assert sorted_rows(whole) == before


def test_the_pack_of_another_study_brings_no_trials_without_its_files(tmp_path: Path) -> None:
    here, there = (Storage.at(str(tmp_path / name)) for name in ("here", "there"))
    for storage, name in ((here, "a"), (there, "b")):
        writer = TrialWriter(storage, name, 1)
        writer.add("epochs", rows_from_columns("epochs", name, {"epoch": [0]}))
        writer.commit({"status": "done"})
        compact_study(storage)
    for name in there.files("packs"):
        if "manifest" in name:
            here.write(name.replace("00001", "00002"), there.read(name))
    assert set(read_index(here).rows) == {"a"}
