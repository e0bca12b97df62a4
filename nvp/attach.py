"""Reaching a Ray cluster, or saying in one line why not.

`ray.init` waits for minutes where nobody listens, and warns all the while. So one request is made
first, by `ray status` in a process of its own: it ends at once where the token is wrong.
"""

import socket
import subprocess
import sys

SECONDS = 15.0
STATUS = (sys.executable, "-c", "from ray.scripts.scripts import main; main()", "status")
TOKEN = (
    "this cluster wants its token: RAY_AUTH_MODE=token, and the token in ~/.ray/auth_token "
    "(mode 0600) or in the file that RAY_AUTH_TOKEN_PATH names"
)


def check_cluster(address: str, seconds: float = SECONDS) -> None:
    """Raise ValueError, in one line, when no Ray cluster lets us in at `address`.

    Args:
        address: host:port, or "auto" for the one of this machine.
        seconds: to wait for an answer.
    """
    if address != "auto":
        check_listening(address)
    try:
        asked = subprocess.run(
            [*STATUS, "--address", address], capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise ValueError(refusal(address, "something that listens but is no Ray")) from None
    if asked.returncode == 0:
        return
    if "uthentication" in asked.stderr or "InvalidAuthToken" in asked.stderr:
        raise ValueError(refusal(address, TOKEN))
    said = [line for line in asked.stderr.splitlines() if "Error: " in line] or ["no answer"]
    raise ValueError(refusal(address, said[-1].partition("Error: ")[2] or said[-1]))


def check_listening(address: str) -> None:
    """Raise ValueError when `address` is no host:port, or nothing listens there."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(
            f"--address: expected host:port, e.g. 10.0.0.1:6379, or auto, got {address!r}"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return
    except (OSError, OverflowError) as error:
        raise ValueError(refusal(address, f"nothing that listens ({error})")) from None


def refusal(address: str, why: str) -> str:
    """Return the line that says what was found in the place of a cluster."""
    return f"--address: expected a Ray cluster, got {address!r}: {why}"
