"""What Ray needs and does on the driver's machine: places of sockets, its loss, its handlers."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray import _raylet
from ray._private import utils
from ray.tune.execution import class_cache

from nvp.running.ray import loss
from nvp.running.ray.actor import TrialActor
from nvp.running.ray.connection import check_socket_path
from nvp.running.ray.loss import Head, find_dead
from nvp.running.ray.side_effects import own_signal_handlers, renew_handlers, starting_at_once


@pytest.mark.parametrize("name", ["RAY_TMPDIR", "TMPDIR"])
def test_a_folder_too_deep_for_sockets_is_refused_in_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv(name, "/tmp")
    check_socket_path()
    monkeypatch.setenv(name, f"/tmp/{'x' * 30}")
    check_socket_path()
    monkeypatch.setenv(name, f"/tmp/{'x' * 50}")
    with pytest.raises(ValueError, match=rf"^{name}: expected a path of at most \d\d bytes, .*$"):
        check_socket_path()


def test_the_longest_folder_is_the_one_with_which_ray_can_still_bind(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = f"/ray/session_2026-11-27_04-09-23_123456_{os.getpid()}/sockets/plasma_store"
    longest = "/tmp/" + "x" * (107 - len(below) - len("/tmp/"))
    utils.validate_socket_filepath(longest + below)
    with pytest.raises(OSError, match="AF_UNIX"):
        utils.validate_socket_filepath(f"{longest}x{below}")
    monkeypatch.setenv("RAY_TMPDIR", longest)
    check_socket_path()
    monkeypatch.setenv("RAY_TMPDIR", f"{longest}x")
    with pytest.raises(ValueError, match="RAY_TMPDIR"):
        check_socket_path()


def test_a_process_of_ray_that_ended_is_named() -> None:
    node = SimpleNamespace(dead_processes=lambda: [("log_monitor", None)])
    assert find_dead(node) == ""
    node.dead_processes = lambda: [("log_monitor", None), ("raylet", None)]
    assert find_dead(node) == "Ray's raylet ended: it was killed, or it crashed"
    node.dead_processes = lambda: [("gcs_server", None)]
    assert "head process (GCS)" in find_dead(node)


def test_a_head_that_is_not_reached_for_long_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(loss.time, "monotonic", lambda: now[0])
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = Head(f"127.0.0.1:{server.getsockname()[1]}")
        now[0] = 100.0
        assert head.find_silence() == ""
    now[0] = 125.0
    assert head.find_silence() == ""
    now[0] = 131.0
    assert head.find_silence().startswith(f"Ray's head at 127.0.0.1:{head.address[1]} is not reach")


def test_ray_takes_no_signal_handler_from_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `ray.init` does it: a handler of Python, then one of C++ under it."""
    before = signal.getsignal(signal.SIGTERM)
    renewed = []
    monkeypatch.setattr("nvp.running.ray.side_effects.renew_handlers", lambda: renewed.append(1))
    monkeypatch.setattr(_raylet, "CoreWorker", lambda *arguments: arguments)
    theirs = _raylet.CoreWorker, utils.set_sigterm_handler
    with own_signal_handlers():
        utils.set_sigterm_handler(signal.SIG_DFL)
        assert signal.getsignal(signal.SIGTERM) is before
        assert vars(_raylet)["CoreWorker"](1, 2) == (1, 2)
        assert renewed == [1]
    assert renewed == [1, 1]
    assert (_raylet.CoreWorker, utils.set_sigterm_handler) == theirs


def test_tune_takes_processes_that_ray_started_ahead() -> None:
    """Ray gives them to those who ask for no environment of their own."""
    with starting_at_once():
        asked = class_cache._ActorClassCache().get(TrialActor)._default_options
    assert not (asked.get("runtime_env") or {}).get("env_vars")
    assert class_cache.DEFAULT_ENV_VARS


def test_renewed_handlers_are_those_that_python_knows() -> None:
    before = signal.getsignal(signal.SIGTERM)
    came = []
    signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        renew_handlers()
        os.kill(os.getpid(), signal.SIGTERM)
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


WORKER = """
import nvp, ray
from nvp.config.user_modules import run_module
from nvp.running.ray.connection import connect_to_ray
import subprocess

def find_nvp():
    import nvp
    return nvp.__file__

if __name__ == "__main__":
    connect_to_ray(None)
    assert ray.get(ray.remote(find_nvp).remote()) == nvp.__file__
    subprocess.run([*run_module("nvp"), "--help"], check=True)
"""


def test_workers_take_the_nvp_of_the_driver_and_not_one_of_the_current_folder(
    tmp_path: Path,
) -> None:
    """Ray puts the current folder before all others on the path of its workers."""
    (tmp_path / "nvp").mkdir()
    (tmp_path / "nvp/__init__.py").write_text("raise RuntimeError('another nvp')\n")
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts/find.py"
    script.write_text(WORKER)
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("usage: nvp")
