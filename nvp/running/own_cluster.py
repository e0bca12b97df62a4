"""The Ray cluster that this machine is a node of, found without a flag.

`ray start`, and so `ray up` and `ray symmetric-run`, leaves the address of the head in a file of
each node. A private Ray leaves none, so one that outlived its driver is never joined. The file
outlives its cluster, so a cluster counts only while a raylet of it runs here.
"""

import os
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nvp.running.cluster_address import NotHere, ask_nodes, is_own_address
from nvp.running.cluster_yaml import may_start_gpus, read_yaml

LOCAL = "local"  # the address that stands for a Ray of one's own
BOOTSTRAP = "~/ray_bootstrap_config.yaml"  # where `ray up` leaves its YAML on the head
CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class OwnCluster:
    """A cluster with a node on this machine.

    Attributes:
        address: host:port of its head.
        nodes: how many there are now.
        gpus: how many they declare.
        may_get_gpus: whether its autoscaler may start nodes with a GPU.
    """

    address: str
    nodes: int
    gpus: float
    may_get_gpus: bool

    @property
    def declares_gpus(self) -> bool:
        """Whether trials that ask for a GPU can get one, now or later."""
        return self.gpus > 0 or self.may_get_gpus

    def __str__(self) -> str:
        later = ", more when trials wait" if self.may_get_gpus else ""
        nodes, gpus = "s" * (self.nodes != 1), "s" * (self.gpus != 1)
        return f"{self.nodes} node{nodes}, {self.gpus:g} GPU{gpus}{later}"


def find_own_cluster() -> OwnCluster | None:
    """Return the cluster that this machine is a node of; None when it is a node of none.

    Raises:
        ValueError: it does not let us in; one line.
    """
    address = read_own_address()
    if not address or not is_listening(address):
        return None
    try:
        nodes = ask_nodes(address, own=True)
    except NotHere:
        return None
    except ValueError as error:
        raise ValueError(f"{error}; --address local starts a Ray of its own here") from None
    if not any(is_own_address(node.address) for node in nodes):
        return None
    return OwnCluster(address, len(nodes), sum(node.gpus for node in nodes), asks_for_gpus())


def read_own_address() -> str:
    """Return the host:port that `ray start` left on this machine; "" where it left none."""
    try:
        text = (Path(find_temporary_folder()) / "ray" / "ray_current_cluster").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    host, _, port = text.rpartition(":")
    return text if host and port.isdigit() else ""


def find_temporary_folder() -> str:
    """Return the folder below which Ray keeps its sessions, without the second of its import."""
    linux = sys.platform.startswith("linux")
    plain = "/tmp" if linux or sys.platform == "darwin" else tempfile.gettempdir()
    return os.environ.get("RAY_TMPDIR") or (linux and os.environ.get("TMPDIR")) or plain


def is_listening(address: str) -> bool:
    """Whether something listens at host:port."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS):
            return True
    except (OSError, OverflowError):
        return False


def asks_for_gpus() -> bool:
    """Whether the YAML that `ray up` left here lets the autoscaler start nodes with a GPU."""
    path = Path(BOOTSTRAP).expanduser()
    if not path.exists():
        return False
    try:
        return may_start_gpus(read_yaml(str(path)))
    except ValueError:
        return False
