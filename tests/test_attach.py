"""A cluster that is not there, or not ours, is said in one line and within seconds."""

import socket
import sys
import time

import pytest

from nvp import attach
from nvp.attach import check_cluster
from tests.conftest import SCRIPT, run_study


@pytest.mark.parametrize("address", ["nowhere", "10.0.0.1:", "10.0.0.1:x", "ray:6379x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="--address: expected host:port"):
        check_cluster(address)


def test_a_port_where_nobody_listens_is_refused_at_once() -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match=r"got '127.0.0.1:1': nothing that listens \("):
        check_cluster("127.0.0.1:1")
    assert time.monotonic() - start < 5


def test_what_listens_and_says_nothing_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ValueError, match="something that listens but is no Ray"):
            check_cluster(address, seconds=4)


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
    monkeypatch.setattr(attach, "STATUS", (sys.executable, "-c", f"import sys; {script}"))
    with pytest.raises(ValueError, match=reason) as caught:
        check_cluster("auto")
    assert len(str(caught.value).splitlines()) == 1


def test_a_study_at_a_wrong_address_exits_with_one_line(tmp_path) -> None:
    ended = run_study(tmp_path, "--preset", "quick", "--address", "127.0.0.1:1", script=SCRIPT)
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("error: --address: expected a Ray cluster, got '127.0.0.1:1'")


def test_a_plan_needs_no_cluster(tmp_path) -> None:
    ended = run_study(
        tmp_path, "--preset", "quick", "--address", "127.0.0.1:1", "--dry-run", "--only", "nothing"
    )
    assert "expected one of the 48 trial ids" in ended.stderr
