"""Incidents: a damaged one is named and left out, and one that cannot be written is only lost."""

import errno
import logging
from pathlib import Path
from typing import Any

import pytest

from nvp.analysis.frames.load import load
from nvp.storage.codec import encode_rows, rows_from_columns, rows_from_dicts
from nvp.storage.incidents import INCIDENTS, Incidents, read_incidents
from nvp.storage.sealed import is_intact
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter

OLD: list[dict[str, Any]] = [
    {"time": 1764.5, "kind": "died", "trial_id": "0123456789ab", "node": None, "reason": "gone"},
    {"time": 1765.5, "kind": "unfit", "trial_id": None, "node": "b", "reason": "no data"},
]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage.at(str(tmp_path))
    incidents = Incidents(storage, name="1-host")
    incidents.add("died", "its process died", trial_id="t")
    incidents.add("unfit", "no data", node="b")
    return storage


def kinds(storage: Storage) -> list[str]:
    return [row["kind"] for row in read_incidents(storage).to_pylist()]


def test_each_incident_is_a_file_whose_name_carries_its_checksum(storage: Storage) -> None:
    names = sorted(storage.files("incidents"))
    assert len(names) == 2
    assert all(is_intact(name, storage.read(name)) for name in names)
    assert kinds(storage) == ["died", "unfit"]


def test_whatever_bit_is_flipped_the_incident_is_named_and_the_other_read(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = sorted(storage.files("incidents"))
    content = storage.read(first)
    for place in range(0, len(content), 3):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        Path(storage.path(first)).write_bytes(flipped)
        caplog.clear()
        assert kinds(storage) == ["unfit"], place
        assert storage.path(first) in caplog.text
    for damaged in (b"", content[:-1], content[:40], bytes(len(content))):
        storage.write(first, damaged)
        assert kinds(storage) == ["unfit"]


def test_a_file_of_an_older_version_is_read_without_its_checksum(storage: Storage) -> None:
    storage.write("incidents/0-old-host.arrow", encode_rows(rows_from_dicts(INCIDENTS, OLD)))
    assert read_incidents(storage).to_pylist()[:2] == OLD
    assert len(read_incidents(storage)) == 4


def test_an_older_file_never_ends_the_process_whatever_bit_is_flipped(storage: Storage) -> None:
    content = encode_rows(rows_from_dicts(INCIDENTS, OLD))
    whole = read_incidents(storage).to_pylist()
    storage.write("incidents/2-host.arrow", content)
    path = Path(storage.path("incidents/2-host.arrow"))
    seen = set()
    for place in range(0, len(content), 3):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        rows = read_incidents(storage).to_pylist()
        assert rows[:2] == whole
        seen.add(len(rows))
    assert 2 in seen


def test_rows_of_something_else_are_no_incidents(storage: Storage, caplog) -> None:
    part = encode_rows(rows_from_columns("epochs", "t", {"epoch": [0]}))
    for name in ("incidents/9-host.arrow", "incidents/9-host/notes.txt"):
        storage.write(name, part)
    assert kinds(storage) == ["died", "unfit"]
    assert "9-host.arrow is damaged" in caplog.text


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_incident_that_cannot_be_written_is_lost_with_one_line(
    code: int, storage: Storage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(code, "no room\nfor this")

    incidents = Incidents(storage, name="2-host")
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("os.fsync", full)
        incidents.add("silent", "hangs", trial_id="u")
    (record,) = caplog.records
    assert (
        record.getMessage() == f"the incident 'silent' is not kept: [Errno {code}] no room for this"
    )
    assert not list(Path(storage.root).rglob(".*.tmp"))
    incidents.add("died", "again", trial_id="u")
    assert kinds(storage) == ["died", "unfit", "died"]


def test_the_analysis_reads_a_study_with_a_damaged_incident(tmp_path: Path) -> None:
    storage = open_study(str(tmp_path), "study", "quick")
    storage.write("study.json", b"{}")
    TrialWriter(storage, "t", 1).commit({"status": "done", "config": "{}"})
    Incidents(storage, name="1-host").add("died", "its process died", trial_id="t")
    Incidents(storage, name="2-host").add("unfit", "no data")
    first = min(storage.files("incidents"))
    storage.write(first, storage.read(first)[:-30])
    frames = load(str(tmp_path), "study")
    assert frames.incidents["kind"].tolist() == ["unfit"]


def test_a_copy_of_an_incident_is_counted_once(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    Incidents(storage, name="1-here").add("died", "its process died")
    (file,) = (tmp_path / "incidents/1-here").iterdir()
    (tmp_path / "incidents/2-here").mkdir()
    (tmp_path / "incidents/2-here" / file.name).write_bytes(file.read_bytes())
    # under a name that is not its own it is damaged, and hides none
    file.with_name("00000-00000000.arrow").write_bytes(file.read_bytes())
    assert len(read_incidents(storage)) == 1
