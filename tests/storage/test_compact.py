"""Compaction: each row is seen exactly once before, during and after, wherever it is killed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nvp.storage import compact as command
from nvp.storage import index as tables
from nvp.storage.codec import rows_from_columns
from nvp.storage.compact import compact_study, main
from nvp.storage.index import read_index
from nvp.storage.lock import study_lock
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter
from tests.bucket import s3_server

FINISHED = {"a": "done", "b": "done", "c": "diverged", "d": "done", "e": "done"}


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def commit(storage: Storage, name: str, status: str, attempt: int = 1) -> None:
    writer = TrialWriter(storage, name, attempt)
    for epoch in range(2):
        writer.add("epochs", rows_from_columns("epochs", name, {"epoch": [epoch], "step": attempt}))
        writer.add(
            "layers", rows_from_columns("layers", name, {"epoch": [epoch] * 2, "layer": ["x", "y"]})
        )
        writer.flush()
    writer.commit({"status": status, "epochs": attempt})


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PACK_TRIALS", 2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    fill(open_study(str(tmp_path), "study", "quick"))
    return tmp_path


def fill(storage: Storage, finished: dict[str, str] = FINISHED) -> None:
    """Write finished trials, a failed and a running one."""
    for name, status in {**finished, "failed": "failed"}.items():
        commit(storage, name, status)
    running = TrialWriter(storage, "running", 1)
    running.add("epochs", rows_from_columns("epochs", "running", {"epoch": [0, 1]}))
    running.flush()
    storage.write("study.json", b"{}")


@pytest.fixture
def storage(place: Path) -> Storage:
    return open_study(str(place), "study", "quick")


def seen(storage: Storage) -> dict[str, list[dict[str, Any]]]:
    index = read_index(storage)
    assert not index.damaged
    return {name: everything(read_table(index, name)) for name in tables.TABLES}


def everything(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=repr)


def test_many_files_become_few_and_no_row_changes(storage: Storage) -> None:
    before = seen(storage)
    assert len(before["epochs"]) == 6 * 2 + 2
    assert compact_study(storage) == len(FINISHED)
    assert seen(storage) == before
    loose = {name.split("/")[1] for table in tables.TABLES for name in storage.files(table)}
    assert loose == {"failed", "running"}
    assert len(storage.files("packs")) == 3 * 4
    assert not [path for path in Path(storage.root).glob("*/a")], "an empty folder stays"
    index = read_index(storage, "b")
    assert index.rows["b"]["status"] == "done"
    assert [row["epoch"] for row in read_table(index, "epochs", ["b"]).to_pylist()] == [0, 1]
    assert compact_study(storage) == 0
    assert seen(storage) == before


def test_killed_at_every_step_it_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, write, unlink = 0, Storage.write, Path.unlink
    left = 0
    filled = open_study(str(tmp_path / "filled"), "study", "quick")
    fill(filled, {name: FINISHED[name] for name in "abc"})
    before = seen(filled)

    def counted(original: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return original(*arguments, **options)

        return step

    while True:
        shutil.copytree(tmp_path / "filled", tmp_path / str(steps))
        storage = open_study(str(tmp_path / str(steps)), "study", "quick")
        left = steps
        with monkeypatch.context() as patch:
            patch.setattr(Storage, "write", counted(write))
            patch.setattr(Path, "unlink", counted(unlink))
            try:
                compact_study(storage)
                break
            except Killed:
                pass
        assert seen(storage) == before, f"after {steps} steps"
        compact_study(storage)
        assert seen(storage) == before
        assert len(storage.files("packs")) == 8, "a torn pack stays"
        assert len(storage.files("trials")) == 1
        steps += 1
    assert steps == 2 * 4 + 3 * 5, "writes and deletions were not counted"


def test_a_reader_from_before_reads_on(storage: Storage) -> None:
    index, before = read_index(storage), seen(storage)
    compact_study(storage)
    for name in tables.TABLES:
        assert everything(read_table(index, name)) == before[name]


def test_a_compaction_between_listing_and_reading_hides_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, listed = seen(storage), tables.list_files

    def overtaken(*arguments: Any) -> dict[str, int]:
        found = listed(*arguments)
        monkeypatch.setattr(tables, "list_files", listed)
        compact_study(storage)
        return found

    monkeypatch.setattr(tables, "list_files", overtaken)
    assert seen(storage) == before


def test_a_newer_attempt_replaces_a_packed_one(storage: Storage) -> None:
    compact_study(storage)
    commit(storage, "b", "done", attempt=2)
    assert read_index(storage).rows["b"]["epochs"] == 2
    steps = read_table(read_index(storage), "epochs", ["b"])["step"].to_pylist()
    assert steps == [2, 2]
    before = seen(storage)
    assert compact_study(storage) == 1
    assert seen(storage) == before


@pytest.mark.parametrize("how", ["flipped", "truncated", "deleted"])
def test_a_damaged_pack_is_named_and_only_its_trials_are_missing(
    storage: Storage, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    compact_study(storage)
    manifest = min(name for name in storage.files("packs") if "manifest" in name)
    file = Path(storage.path(next(iter(json.loads(storage.read(manifest))["files"]))))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "deleted":
        file.unlink()
    else:
        file.write_bytes(content if how == "flipped" else content[:-5])
    rows = read_index(storage).rows
    assert set(rows) == {*FINISHED, "failed"} - {"a", "b"}
    assert str(file) in caplog.text


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = open_study(str(place), "study", "quick")
    with study_lock(storage):
        assert main(["study", "--storage", str(place)]) == 2
    assert "holds it" in capsys.readouterr().err
    assert main(["study", "--storage", str(place)]) == 0
    assert capsys.readouterr().out.startswith("5 trials packed: 31 files before, 18 now in ")
    assert main(["stdy", "--storage", str(place)]) == 2
    assert capsys.readouterr().err.startswith("error: expected tables of the study ")


def test_in_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        storage = open_study("s3://bucket/x", "study", "quick")
        fill(storage)
        before = seen(storage)
        assert compact_study(storage) == 5
        assert seen(storage) == before
        assert len(storage.files("trials")) == 1
