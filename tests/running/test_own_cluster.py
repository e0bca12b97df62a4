"""A cluster that this machine is a node of is joined without a flag; a dead one is not."""

import argparse
import contextlib
import io
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvp.running import cluster_address, own_cluster
from nvp.running.cluster_yaml import may_start_gpus
from nvp.running.own_cluster import find_own_cluster, read_own_address
from nvp.study import run_place
from nvp.study.run_place import choose_run_preset, settle_address
from studies.sgd_noise import STUDY
from tests.in_process import run_main

HERE, ELSEWHERE = "127.0.0.1", "198.51.100.1"
SSH = {"provider": {"type": "local"}, "available_node_types": {"local.cluster.node": {}}}
AWS = {
    "provider": {"type": "aws"},
    "head_node_type": "head",
    "available_node_types": {"head": {}, "gpu": {"resources": {}, "max_workers": 4}},
}


def find_address(asked: str | None, **flags: bool) -> tuple[str | None, str]:
    """Return the address that a start settles on, and what it says."""
    given = {"address": asked, "no_ray": False, "dry_run": False} | flags
    arguments, said = argparse.Namespace(**given), io.StringIO()
    with contextlib.redirect_stdout(said):
        settle_address(arguments)
    return arguments.address, said.getvalue()


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which `ray start` leaves an address; it is not there yet."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(run_place, "has_ray", lambda: False)
    (tmp_path / "ray").mkdir()
    return tmp_path / "ray/ray_current_cluster"


@pytest.fixture
def listening(left: Path) -> Iterator[str]:
    """Return the address that the file names; something listens there."""
    with socket.create_server((HERE, 0)) as server:
        left.write_text(f"{HERE}:{server.getsockname()[1]}\n")
        yield left.read_text().strip()


def answer(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have the process that asks a cluster do this instead."""
    command = (sys.executable, "-c", f"import sys; {script}")
    monkeypatch.setattr(cluster_address, "ASK", command)


@pytest.mark.parametrize("text", ["", "nowhere", "10.0.0.1:", ":6379", "\x80"])
def test_what_is_no_address_is_no_cluster(left: Path, text: str) -> None:
    assert read_own_address() == ""
    left.write_bytes(text.encode("latin-1"))
    assert read_own_address() == ""
    assert find_address(None) == (None, "")


def test_the_address_of_a_dead_cluster_is_no_cluster(left: Path) -> None:
    left.write_text(f"{HERE}:1")
    address, said = find_address(None)
    assert address is None
    assert said == (
        "Ray: one of this machine alone; the cluster that `ray start` made it a node of, at "
        "127.0.0.1:1, is gone\n"
    )
    assert find_address("local") == (None, "")
    assert find_address(None, no_ray=True) == (None, "")


def test_another_program_on_the_port_of_a_dead_cluster_is_no_cluster(
    listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, f"sys.exit({cluster_address.NOT_HERE})")
    assert find_own_cluster() is None
    answer(monkeypatch, f"print('{ELSEWHERE} 1.0')")
    assert find_own_cluster() is None, "its nodes are all elsewhere"


@pytest.mark.minutes
def test_what_listens_there_without_a_raylet_here_is_no_cluster(listening: str) -> None:
    assert find_own_cluster() is None


def test_a_cluster_is_joined_and_its_gpus_decide_the_preset(
    listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gpus, preset in ((0.0, "quick"), (2.0, "paper")):
        answer(monkeypatch, f"print('{HERE} 0.0\\n{ELSEWHERE} {gpus}')")
        arguments = argparse.Namespace(address="auto", no_ray=False, dry_run=True, preset="auto")
        settle_address(arguments)
        assert arguments.address == listening
        assert choose_run_preset(arguments)[0] == preset
        assert f"(2 nodes, {gpus:g} GPUs)" in find_address(None)[1]


def test_a_cluster_that_wants_a_token_is_no_reason_to_run_alone(
    listening: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(monkeypatch, "sys.exit('x.AuthenticationError: InvalidAuthToken: no')")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ended = run_main(STUDY, tmp_path / "results", "--preset", "quick")
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert "this cluster wants its token" in line
    assert line.endswith("; --address local starts a Ray of its own here")


def test_the_yaml_of_ray_up_tells_of_gpus_to_come(
    left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not may_start_gpus(SSH)
    assert may_start_gpus(AWS)
    for kind in ({"resources": {"CPU": 4}}, {"resources": {"GPU": 1}, "max_workers": 0}):
        assert not may_start_gpus(AWS | {"available_node_types": {"head": {}, "other": kind}})
    assert not own_cluster.asks_for_gpus()
    Path(own_cluster.BOOTSTRAP).expanduser().write_text(
        "provider: {type: aws}\navailable_node_types: {gpu: {resources: {GPU: 1}}}\n"
    )
    assert own_cluster.asks_for_gpus()
    Path(own_cluster.BOOTSTRAP).expanduser().write_text("provider")
    assert not own_cluster.asks_for_gpus()
