"""Reaching a Ray cluster, or saying in one line why not.

`ray.init` waits for minutes, with warnings, where nothing listens, and aborts the process on a
machine that is no node of the cluster. So a process of its own first asks the head for its nodes;
that process ends at once where the token is wrong.
"""

import socket
import subprocess
import sys
from dataclasses import dataclass

from nvp.config.user_modules import run_module

SECONDS = 15.0
OWN = "own"  # asked of a cluster that is to have a node here
NOT_HERE = 3  # exit code: no raylet of that cluster runs here
ASK = run_module("nvp.running.cluster_address")
TOKEN = (
    "this cluster wants its token: RAY_AUTH_MODE=token, and the token in ~/.ray/auth_token "
    "(mode 0600) or in the file that RAY_AUTH_TOKEN_PATH names"
)


class NotHere(Exception):
    """This machine is no node of the cluster that it was taken for a node of."""


@dataclass(frozen=True)
class Node:
    """A node of a cluster: its address, and the GPUs that it declares."""

    address: str
    gpus: float = 0.0


class Holder:
    """An actor that lives as long as its driver; no other actor can have its name meanwhile.

    It stands in this file because its process imports the file, and this one imports no torch.
    """

    def __init__(self, who: str) -> None:
        self.who = who

    def tell_holder(self) -> str:
        """Return who holds the study."""
        return self.who


def check_cluster(address: str) -> None:
    """Raise ValueError, in one line, when no driver can run here on the cluster at `address`."""
    found = list_nodes(address)
    if not any(map(is_own_address, found)):
        raise ValueError(
            f"--address: expected a node of the cluster to run on, got a machine that is none of "
            f"{', '.join(sorted(found))}: start it there, with `ray submit`"
        )


def list_nodes(address: str, seconds: float = SECONDS) -> list[str]:
    """Return the addresses of the nodes that a cluster has now, its head's among them.

    Args:
        address: host:port of the head, or "auto" for the cluster of this machine.
        seconds: to wait for the head.

    Raises:
        ValueError: when no cluster there lets us in; one line.
    """
    return [node.address for node in ask_nodes(address, seconds=seconds)]


def ask_nodes(address: str, *, own: bool = False, seconds: float = SECONDS) -> list[Node]:
    """Return the nodes that a cluster has now, its head among them.

    Args:
        address: as for `list_nodes`.
        own: whether only a cluster counts that has a node on this machine.
        seconds: to wait for the head.

    Raises:
        ValueError: when no cluster there lets us in; one line.
        NotHere: when it is to have a node on this machine, and has none.
    """
    if address != "auto":
        check_listening(address)
    command = [*ASK, address, *([OWN] if own else [])]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ValueError(write_refusal(address, "something that listens but is no Ray")) from None
    if ended.returncode == NOT_HERE:
        raise NotHere(address)
    if ended.returncode == 0:
        found = [line.split() for line in ended.stdout.splitlines()]
        return [Node(where, float(*gpus or [0])) for where, *gpus in found]
    if "uthentication" in ended.stderr or "InvalidAuthToken" in ended.stderr:
        raise ValueError(write_refusal(address, TOKEN))
    said = [line for line in ended.stderr.splitlines() if "Error: " in line] or ["no answer"]
    raise ValueError(write_refusal(address, said[-1].partition("Error: ")[2] or said[-1]))


def check_listening(address: str) -> None:
    """Raise ValueError when `address` is no host:port, or nothing listens there."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(
            f"--address: expected host:port, e.g. 10.0.0.1:6379, auto or local, got {address!r}"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return
    except (OSError, OverflowError) as error:
        raise ValueError(write_refusal(address, f"nothing that listens ({error})")) from None


def is_own_address(address: str) -> bool:
    """Whether an address belongs to this machine: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as free:
        try:
            free.bind((address, 0))
        except OSError:
            return False
    return True


def write_refusal(address: str, why: str) -> str:
    """Return the error for an address where there is no cluster for us."""
    return f"--address: expected a Ray cluster, got {address!r}: {why}"


def ask_head(address: str) -> list[Node]:
    """Return what `ask_nodes` returns, asked from this process, which may be on any machine.

    Ray's errors pass through: the caller reads them on standard error.
    """
    from ray._private.services import canonicalize_bootstrap_address_or_die
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.core.generated.gcs_pb2 import GcsNodeInfo  # type: ignore[attr-defined]

    client = GcsClient(address=canonicalize_bootstrap_address_or_die(address))
    alive = (n for n in client.get_all_node_info().values() if n.state == GcsNodeInfo.ALIVE)
    return [Node(n.node_manager_address, n.resources_total.get("GPU", 0.0)) for n in alive]


def has_raylet(address: str) -> bool:
    """Whether a process of the cluster at `address` runs on this machine."""
    from ray._private.services import find_gcs_addresses

    return address in find_gcs_addresses()


if __name__ == "__main__":
    if OWN in sys.argv[2:] and not has_raylet(sys.argv[1]):
        sys.exit(NOT_HERE)
    nodes = ask_head(sys.argv[1])
    sys.stdout.write("\n".join(f"{node.address} {node.gpus}" for node in nodes))
