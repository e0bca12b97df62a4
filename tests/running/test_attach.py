"""A cluster that is not there, or not ours, is said in one line and within seconds."""

import socket
import sys
import time

import pytest

from nvp.running import cluster_address as attach
from nvp.running.cluster_address import check_cluster, is_own_address, list_nodes
from studies.sgd_noise import STUDY
from tests.in_process import run_main


@pytest.mark.parametrize("address", ["nowhere", "10.0.0.1:", "10.0.0.1:x", "ray:6379x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="--address: expected host:port"):
        list_nodes(address)


def test_a_port_where_nobody_listens_is_refused_at_once() -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match=r"got '127.0.0.1:1': nothing that listens \("):
        list_nodes("127.0.0.1:1")
    assert time.monotonic() - start < 5


def test_what_listens_and_says_nothing_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ValueError, match="something that listens but is no Ray"):
            list_nodes(address, seconds=4)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sys.exit('ConnectionError: Could not find any running Ray instance.')", "Could not find"),
        ("sys.exit('x.AuthenticationError: RPC error: InvalidAuthToken: no')", "wants its token"),
        ("sys.exit('authentication_token_loader.cc: Check failed')", "wants its token"),
        ("sys.exit(1)", "no answer"),
    ],
)
def test_what_ray_says_becomes_one_line(
    monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    monkeypatch.setattr(attach, "ASK", (sys.executable, "-c", f"import sys; {script}"))
    with pytest.raises(ValueError, match=reason) as caught:
        list_nodes("auto")
    assert len(str(caught.value).splitlines()) == 1


def test_a_driver_has_to_be_on_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_own_address("127.0.0.1")
    assert not is_own_address("198.51.100.1")
    monkeypatch.setattr(
        attach, "ASK", (sys.executable, "-c", "print('198.51.100.1\\n198.51.100.2')")
    )
    assert list_nodes("auto") == ["198.51.100.1", "198.51.100.2"]
    with pytest.raises(ValueError, match="none of 198.51.100.1, 198.51.100.2: start it there"):
        check_cluster("auto")
    monkeypatch.setattr(attach, "ASK", (sys.executable, "-c", "print('198.51.100.1\\n127.0.0.1')"))
    check_cluster("auto")


def test_a_study_at_a_wrong_address_exits_with_one_line(tmp_path) -> None:
    ended = run_main(STUDY, tmp_path, "--preset", "quick", "--address", "127.0.0.1:1")
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("error: --address: expected a Ray cluster, got '127.0.0.1:1'")


def test_a_plan_needs_no_cluster(tmp_path) -> None:
    flags = ("--preset", "quick", "--address", "127.0.0.1:1", "--dry-run", "--only", "nothing")
    ended = run_main(STUDY, tmp_path, *flags)
    assert "expected one of the 48 trial ids" in ended.stderr
