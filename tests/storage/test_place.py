"""Places: what only looks like a folder or a URI is refused in one line, and so are keys."""

import os
import time
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.leftovers import remove_temporaries
from nvp.storage.lock import study_lock
from nvp.storage.place import read_place
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter
from studies.sgd_noise import STUDY
from tests.in_process import run_main

FLAGS = ("--preset", "quick", "--no-ray", "--dry-run", "--seeds", "1")
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"
WITH_KEYS = [
    f"s3://AKIAIOSFODNN7EXAMPLE:{SECRET}@bucket/folder",
    f"s3://someone:{SECRET}@bucket/folder",
    f"s3://someone:{SECRET.replace('/', '%2F')}@bucket",
    "s3://AKIAIOSFODNN7EXAMPLE@bucket/folder",
    f"s3:/someone:{SECRET}@bucket",
    f"s3:someone:{SECRET}@bucket",
    f"S3://someone:{SECRET}@bucket",
    f"s3://bucket/folder?access_key=someone&secret_key={SECRET}",
    f"s3://bucket/folder?region=eu-west-1&SECRET_KEY={SECRET}",
    f"s3://bucket/folder?session_token={SECRET}",
    f"s3://bucket/folder?endpoint_override=http://me:{SECRET}@host:9000",
    f"s3://bucket/AKIAIOSFODNN7EXAMPLE/{SECRET}",
    f"https://me:{SECRET}@host/folder",
    f"https://account.blob.core.windows.net/c?sv=1&sig={SECRET}",
    f"abfs://container:{SECRET}@account.dfs.core.windows.net/x",
    f"gs://bucket/x?access_token={SECRET}",
    f"gs://bucket/x#password={SECRET}",
    f"hdfs://user:{SECRET}@host:8020/x",
    f"nope://user:{SECRET}@host/x",
]
WITHOUT_KEYS = [
    "s3://bucket/folder",
    "s3://bucket/a:b/c@d",
    "s3://bucket/x?region=eu-west-1&scheme=http&endpoint_override=localhost:9000",
    "gs://anonymous@bucket/x",
    "abfs://container@account.dfs.core.windows.net/x",
    "hdfs://user@host:8020/x",
    "file:///tmp/x",
]


@pytest.mark.parametrize("place", WITH_KEYS)
def test_keys_in_a_uri_are_refused_and_not_repeated(place: str) -> None:
    with pytest.raises(ValueError, match="--storage: expected a URI without keys") as refused:
        Storage.at(place)
    message = str(refused.value)
    assert "\n" not in message
    assert "AWS_SECRET_ACCESS_KEY" in message
    assert "~/.aws" in message
    assert all(part not in message for part in (SECRET, SECRET[:10], "AKIAIOSFODNN7EXAMPLE"))


@pytest.mark.parametrize("place", WITHOUT_KEYS)
def test_a_uri_without_keys_is_taken_as_it_is(place: str) -> None:
    assert read_place(place) == place


def test_a_study_with_keys_in_its_place_writes_nothing_and_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run_main(STUDY, WITH_KEYS[0], *FLAGS[:3])
    (line,) = ended.stderr.strip().splitlines()
    assert ended.returncode == 2
    assert line.startswith("error: --storage: expected a URI without keys")
    assert SECRET not in ended.stdout + ended.stderr
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("", "expected a folder or a URI, got ''"),
        ("  ", "expected a folder or a URI, got '  '"),
        ("s3:/bucket/x", "did you mean 's3://bucket/x'"),
        ("s3:bucket", "did you mean 's3://bucket'"),
        ("gs:/bucket", "did you mean 'gs://bucket'"),
        ("file:x", "expected a path or a URI, got 'file:x'"),
        ("file:/tmp/x", "did you mean 'file:///tmp/x'"),
        ("C:\\results", "expected a path of Linux or macOS"),
        ("D:/results", "expected a path of Linux or macOS"),
        ("~nobody-of-that-name/x", "expected the home of a user, got '~nobody-of-that-name'"),
        ("README.md", "README.md is no folder"),
        ("README.md/below", "README.md is no folder"),
        ("a" * 300, "File name too long"),
    ],
)
def test_what_is_no_place_is_refused_in_one_line(
    place: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").touch()
    with pytest.raises(ValueError, match="--storage: expected") as refused:
        open_study(place, "study", "quick")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["README.md"]


def test_an_empty_place_of_a_study_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run_main(STUDY, "", *FLAGS)
    assert ended.returncode == 2
    assert ended.stderr == "error: --storage: expected a folder or a URI, got ''\n"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Storage.at("~").root == str(tmp_path)
    assert Storage.at("~/results").root == str(tmp_path / "results")
    assert Storage.at("run:1").root == str(Path("run:1").absolute()), "a folder may have a colon"


def test_a_folder_that_cannot_be_written_to_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, whom nothing refuses
    with pytest.raises(ValueError, match="--storage: expected a place to write to") as refused:
        study_lock(Storage.at(str(tmp_path))).__enter__()
    assert "Permission denied" in str(refused.value)


@pytest.mark.parametrize("networked", [True, False])
def test_a_mount_without_locks_is_held_by_the_lease_or_refused(
    networked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*arguments: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    monkeypatch.setattr("nvp.storage.lock.is_networked", lambda folder: networked)
    monkeypatch.setattr("nvp.storage.lease.SETTLE", 0.0)
    storage = Storage.at(str(tmp_path))
    if networked:
        with study_lock(storage):
            assert storage.exists(".lease")
        return
    with pytest.raises(ValueError, match="expected a folder that can be locked"):
        study_lock(storage).__enter__()


# --- what is written


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_files_and_folders_are_readable_as_the_umask_says(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        storage = open_study(str(tmp_path), "study", "quick")
        with study_lock(storage):
            storage.write("study.json", b"{}")
            TrialWriter(storage, "t", 1).commit({"status": "done"})
    finally:
        os.umask(before)
    for path in (tmp_path / "study").rglob("*"):
        expected = (0o777 if path.is_dir() else 0o666) & ~mask
        assert path.stat().st_mode & 0o777 == expected, path


def test_temporary_files_of_before_the_lock_are_removed(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    TrialWriter(storage, "t", 1).commit({"status": "done"})
    old = [
        ".study.json.1.tmp",
        "trials/t/1/.done.arrow.12.tmp",
        "epochs/u/1/.x.3.tmp",
        "checkpoints/t/.4.safetensors.5.tmp",
        "incidents/.a.arrow.6.tmp",
        "packs/1/.b.7.tmp",
    ]
    others = ["trials/t/1/.keep", "notes.tmp", "checkpoints/t/.nfs0001"]
    for name in [*old, *others]:
        storage.write(name, b"half")
    time.sleep(0.02)
    with study_lock(storage):
        storage.write("layers/t/1/.young.8.tmp", b"half")
        remove_temporaries(storage, read_index(storage).temporaries)
    left = storage.list_files()
    assert not set(old) & set(left)
    assert {*others, "layers/t/1/.young.8.tmp"} <= set(left)
    assert set(read_index(storage).rows) == {"t"}
