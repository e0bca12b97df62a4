"""Storage: every file appears whole or not at all; names carry checksums."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow.fs import FSSpecHandler, PyFileSystem

from nvp.storage.sealed import is_intact, seal_name
from nvp.storage.store import Storage


@pytest.fixture(params=["local", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return Storage.at(str(tmp_path))
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    return Storage(PyFileSystem(FSSpecHandler(memory)), "/bucket")


def test_what_is_written_is_read(storage: Storage) -> None:
    storage.write("a/b/file.bin", b"one")
    storage.write("a/other", b"")
    assert storage.read("a/b/file.bin") == b"one"
    storage.write("a/b/file.bin", b"two")
    assert storage.read("a/b/file.bin") == b"two"
    assert storage.exists("a/b/file.bin")
    assert not storage.exists("a/b/else")
    assert not storage.exists("a/b"), "a folder is no file"


def test_files_are_listed_by_relative_name_and_size(storage: Storage) -> None:
    assert storage.files() == storage.files("nowhere") == {}
    storage.write("a/b/one", b"1")
    storage.write("a/two", b"22")
    storage.write("c", b"333")
    assert storage.files() == {"a/b/one": 1, "a/two": 2, "c": 3}
    assert storage.files("a") == {"a/b/one": 1, "a/two": 2}
    assert storage.below("a").files() == {"b/one": 1, "two": 2}
    assert storage.below("a", "b").read("one") == b"1"


def test_names_with_a_dot_are_not_listed(storage: Storage) -> None:
    storage.write("a/.hidden", b"1")
    storage.write("a/seen", b"1")
    assert list(storage.files("a")) == ["a/seen"]


def test_what_is_deleted_is_gone_and_may_be_gone_already(storage: Storage) -> None:
    for name in ("a/one", "a/two", "b/three"):
        storage.write(name, b"x")
    storage.delete(["a/one", "a/never"])
    assert set(storage.files()) == {"a/two", "b/three"}
    storage.delete_folder("a")
    storage.delete_folder("nowhere")
    assert set(storage.files()) == {"b/three"}


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_to_see(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.at(str(tmp_path))
    storage.write("a/file", b"old")

    def power_cut(*args: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(os if broken == "fsync" else Path, broken, power_cut)
        for name in ("a/file", "a/fresh"):
            with pytest.raises(OSError, match="power cut"):
                storage.write(name, b"new, and longer")
    assert storage.files() == {"a/file": 3}
    assert storage.read("a/file") == b"old"
    storage.write("a/file", b"new")
    assert storage.read("a/file") == b"new"


def test_a_write_is_flushed_to_the_disk_before_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    fsync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (seen.append((tmp_path / "f").exists()), fsync(handle))
    )
    Storage.at(str(tmp_path)).write("f", b"x")
    assert seen == [False]


def test_a_written_file_leaves_no_temporary(tmp_path: Path) -> None:
    Storage.at(str(tmp_path)).write("a/file", b"x")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "file"]


def test_a_uri_that_nothing_understands_is_refused() -> None:
    with pytest.raises(ValueError, match="--storage: expected a path or a URI, got 'nope://x'"):
        Storage.at("nope://x")


def test_a_path_and_its_uri_are_the_same_place(tmp_path: Path) -> None:
    Storage.at(str(tmp_path)).write("f", b"x")
    other = Storage.at(f"file://{tmp_path}")
    assert other.read("f") == b"x"
    assert other.local


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(0, 7))
@example(b"\xff\xff\xff\xff\x00", 4, 0)  # zeros at the end do not move such a CRC-32
@settings(deadline=None, max_examples=100)
def test_a_sealed_name_knows_its_content(content: bytes, position: int, bit: int) -> None:
    name = seal_name("t/a-b/0-1", "arrow", content)
    assert name.startswith("t/a-b/0-1-")
    assert name.endswith(".arrow")
    assert is_intact(name, content)
    if content:
        flipped = bytearray(content)
        flipped[position % len(content)] ^= 1 << bit
        assert not is_intact(name, bytes(flipped))
        assert not any(is_intact(name, content[:length]) for length in range(len(content)))
