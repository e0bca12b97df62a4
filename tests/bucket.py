"""A real S3 API on a local address: moto's server in a process of its own; its environment."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAOFTHESUITE000000",
    "AWS_SECRET_ACCESS_KEY": "kept+out/of+every+file",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def s3_server(host: str = "127.0.0.1", **settings: str) -> Iterator[dict[str, str]]:
    """Yield the environment in which s3://bucket is there; `settings` are the server's own."""
    with socket.socket() as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=os.environ | settings, **quiet)
    place = f"http://{host}:{port}"
    try:
        wait_until_up(place, server)
        request(f"{place}/bucket", "PUT")
        yield KEYS | {"AWS_ENDPOINT_URL": place}
    finally:
        server.kill()
        server.wait()


def request(url: str, method: str, body: bytes | None = None) -> None:
    urllib.request.urlopen(urllib.request.Request(url, method=method, data=body)).close()


def wait_until_up(place: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        assert server.poll() is None, "moto's server ended"
        try:
            return request(f"{place}/moto-api/", "GET")
        except OSError:
            time.sleep(0.1)
    raise AssertionError("moto's server did not start")
