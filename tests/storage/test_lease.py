"""One driver per study where the kernel locks nothing: real processes, one of them killed."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nvp.storage import lease
from nvp.storage.lease import acquire_lease, hold_lease, make_lease, read_lease, write_lease
from nvp.storage.lock import is_networked, study_lock
from nvp.storage.store import Storage
from tests.bucket import s3_server

SECONDS = 3.0
HOLDER = """
import signal, sys, time
from pathlib import Path
from nvp.storage.lease import hold_lease
from nvp.storage.store import Storage

signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("stopped", flush=True)))
go = Path(sys.argv[2])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
try:
    with hold_lease(Storage.at(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
except ValueError as error:
    print(error, flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture(params=["shared disk", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NVP_LEASE_SECONDS", str(SECONDS))
    if request.param == "shared disk":
        return str(tmp_path / "study")
    for name, value in request.getfixturevalue("server").items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{uuid.uuid4().hex}"


def holders(count: int, place: str, go: Path) -> list[subprocess.Popen[str]]:
    """Start drivers, let them go at one moment, and return them."""
    command = [sys.executable, "-c", HOLDER, place, str(go)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * count
    go.touch()
    return processes


def test_a_second_driver_refuses_a_killed_one_is_replaced_at_once(
    place: str, tmp_path: Path
) -> None:
    (first,) = holders(1, place, tmp_path / "go")
    assert first.stdout.readline() == "held\n"
    time.sleep(SECONDS + 0.5)  # its heartbeat keeps it
    with pytest.raises(ValueError, match=f"but process {first.pid} on .* since 20.* holds it"):
        acquire_lease(Storage.at(place))
    first.kill()
    first.wait()
    before = time.monotonic()
    with hold_lease(Storage.at(place)):
        assert time.monotonic() - before < SECONDS
    assert Storage.at(place).read_if_there(lease.NAME) is None, "not given back"


def test_of_drivers_that_start_together_exactly_one_wins(place: str, tmp_path: Path) -> None:
    processes = holders(4, place, tmp_path / "go")
    try:
        lines = [process.stdout.readline() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert lines.count("held\n") == 1
    for process, line in zip(processes, lines, strict=True):
        if line != "held\n":  # it names who was there then: the winner, or another that lost later
            named = [other.pid for other in processes if f"process {other.pid} on" in line]
            assert len(named) == 1, line
            assert named != [process.pid]


def test_one_of_another_host_is_replaced_once_it_has_been_silent(place: str) -> None:
    storage = Storage.at(place)
    write_lease(storage, replace(make_lease(), host="elsewhere", kernel="another"))
    with pytest.raises(ValueError, match="elsewhere since .*; if it is dead, its lease ends 3 s"):
        acquire_lease(storage)
    time.sleep(SECONDS + 1)  # stores tell the time in whole seconds
    assert acquire_lease(storage).pid == os.getpid()


def test_a_driver_that_lost_its_lease_stops(place: str, tmp_path: Path) -> None:
    (first,) = holders(1, place, tmp_path / "go")
    assert first.stdout.readline() == "held\n"
    thief = replace(make_lease(), host="elsewhere")
    write_lease(Storage.at(place), thief)
    assert first.stdout.readline() == "stopped\n"
    first.wait()
    found = read_lease(Storage.at(place))
    assert found is not None
    assert found.token == thief.token, "it deleted the lease of another"


@pytest.mark.parametrize("content", [b"", b'{"token": "a', b"[]", b'{"token": "a"}'])
def test_half_a_lease_is_none(content: bytes, tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    storage.write(lease.NAME, content)
    assert read_lease(storage) is None


def test_a_network_mount_is_told_from_a_disk(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nhost:/x /mnt/my\\040share nfs4 rw 0 0\n"
        "b /mnt/own fuse.sshfs rw 0 0\n"
        "/dev/c /mnt/own/disk xfs rw 0 0\n"
    )
    found = [
        is_networked(Path(place), str(mounts))
        for place in ("/home/x", "/mnt/my share/study", "/mnt/own/a", "/mnt/own/disk/a")
    ]
    assert found == [False, True, True, False]


def test_without_a_list_of_mounts_a_folder_is_taken_for_a_disk(tmp_path: Path) -> None:
    assert not is_networked(tmp_path, str(tmp_path / "none"))


def test_on_a_network_mount_the_lease_comes_on_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nvp.storage.lock.is_networked", lambda folder: True)
    monkeypatch.setattr(lease, "SETTLE", 0.1)
    storage = Storage.at(str(tmp_path))
    elsewhere = replace(make_lease(), host="elsewhere", kernel="another")
    storage.write(lease.NAME, json.dumps(asdict(elsewhere)).encode())
    with pytest.raises(ValueError, match="elsewhere"), study_lock(storage):
        pass
    storage.delete([lease.NAME])
    with study_lock(storage):
        assert read_lease(storage) is not None
