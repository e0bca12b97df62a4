"""study.json and auto.json: whatever bit of one changes is said, by name; edits are read."""

import json
from pathlib import Path

import pytest

from nvp.storage.json_object import KEY, read_object, saying_once, write_object
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

VALUES = {"study": "s", "trials": {"a1": {"seed": 0, "optim.lr": 0.1}}, "seeds": 3}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage.at(str(tmp_path))
    write_object(storage, "study.json", VALUES)
    return storage


def test_what_is_read_is_what_was_written(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_object(storage, "study.json") == VALUES
    assert KEY in json.loads(storage.read("study.json"))
    assert not caplog.records


def test_every_flipped_bit_is_named_and_nothing_but_a_warning_comes_of_it(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    whole = storage.read("study.json")
    for place in range(8 * len(whole)):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        storage.write("study.json", bytes(content))
        caplog.clear()
        read_object(storage, "study.json")
        assert "study.json" in caplog.text, bytes(content)


def test_a_file_of_another_name_is_named(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.write("auto.json", storage.read("study.json"))
    read_object(storage, "auto.json")
    assert "auto.json was changed since it was written" in caplog.text


def test_an_edited_file_is_read_and_said_at_each_reading(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    edited = json.loads(storage.read("study.json")) | {"seeds": 4}
    storage.write("study.json", json.dumps(edited).encode())
    for count in (1, 2):
        assert read_object(storage, "study.json") == VALUES | {"seeds": 4}
        assert len(caplog.records) == count


def test_a_start_says_it_once(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    edited = json.loads(storage.read("study.json")) | {"seeds": "four"}
    storage.write("study.json", json.dumps(edited).encode())
    for count in (2, 4):
        with saying_once():
            for _ in range(3):
                read_study(storage)
        said = [record.getMessage().rpartition("study.json ")[2] for record in caplog.records]
        assert len(said) == count, "once in each start"
        assert said[-2].startswith("was changed since it was written")
        assert said[-1] == "is damaged: read without seeds"


def test_a_file_of_an_older_version_has_no_checksum_and_is_read_in_silence(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.write("study.json", json.dumps(VALUES, indent=1).encode())
    assert read_object(storage, "study.json") == VALUES
    assert not caplog.records
