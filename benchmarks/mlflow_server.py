"""An MLflow server on loopback with SQLite behind it, for the benchmark and the tests."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LIMIT = 180  # seconds to start in, on a busy machine
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def find_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(folder: Path, workers: int = 1) -> Iterator[str]:
    """Run a server whose database is in `folder`, of some processes; yield its URI."""
    folder.mkdir(parents=True, exist_ok=True)
    port = find_port()
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(workers)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--default-artifact-root", str(folder / "artifacts")]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | QUIET, start_new_session=True
        )
    try:
        wait_until_up(server, uri, folder / "server.log")
        yield uri
    finally:
        with suppress(subprocess.TimeoutExpired):
            server.terminate()
            server.wait(20)  # it waits for its workers, so that their CPU is counted
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_until_up(server: subprocess.Popen[bytes], uri: str, log: Path) -> None:
    """Wait until a server answers; raise RuntimeError with its log when it does not."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{uri}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"no MLflow server at {uri}:\n{log.read_text()[-2000:]}")
