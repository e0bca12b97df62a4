"""Emulated hosts on one Linux machine: each has its own network, processes, home and sshd.

A bridge joins their network namespaces; what runs in a host's process namespace ends with it. Their
homes are folders of this machine, so what they leave can be read from outside.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.cluster.python import install_python, python_in, run
from tests.processes import descendants

BRIDGE, NETWORK = "nvpbridge", "10.78.0"
GATEWAY = f"{NETWORK}.1"
START = """
set -e
mount --make-rprivate /
hostname {name}
mount --rbind {folder}/root /root
mount --bind {folder}/ray /tmp/ray
mount -t tmpfs tmpfs /dev/shm
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -E {folder}/sshd.log -f {folder}/sshd_config
"""
SSHD = """
HostKey {folder}/host_key
AuthorizedKeysFile {key}.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""


@dataclass(frozen=True)
class Host:
    """One emulated machine; `pid` is its first process, seen from outside."""

    name: str
    address: str
    home: Path
    pid: int

    def processes(self, *words: str) -> dict[int, str]:
        """Return {pid: command line} of what runs in it and has one of `words` in it."""
        found = {}
        for pid in descendants(self.pid)[1:]:
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            if line and (not words or any(word in line for word in words)):
                found[pid] = line
        return found

    def lose_ray(self) -> None:
        """SIGKILL Ray's processes and the trials, as when a machine is taken away."""
        for pid in self.processes("raylet", "ray::", "ray/"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it went with its parent


def missing() -> str:
    """Return why hosts cannot be emulated here; "" when they can."""
    tools = {"ip": "iproute2", "unshare": "util-linux", "rsync": "rsync", "ssh-keygen": "openssh"}
    lacking = [package for tool, package in tools.items() if not shutil.which(tool)]
    if not Path("/usr/sbin/sshd").exists():
        lacking.append("openssh-server")
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "emulated hosts need root on Linux"
    lacking += [name for name in ("aiohttp", "editables", "hatchling") if not find_spec(name)]
    return f"emulated hosts need {', '.join(lacking)}" if lacking else ""


@contextmanager
def bridge() -> Iterator[None]:
    """Have the bridge that hosts are plugged into."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        yield
    finally:
        run("ip", "link", "delete", BRIDGE)


@contextmanager
def network(name: str, address: str) -> Iterator[None]:
    """Have a network namespace of that address on the bridge."""
    inside = ("ip", "-n", name)
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", name, "master", BRIDGE, "up")
        run(*inside, "address", "add", f"{address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            run(*inside, "link", "set", link, "up")
        run(*inside, "route", "add", "default", "via", GATEWAY)  # Ray asks it for its own address
        yield
    finally:
        run("ip", "netns", "delete", name)


@contextmanager
def host(number: int, folder: Path, key: Path, profile: str) -> Iterator[Host]:
    """Start a host whose login shells read `profile`; end all that runs in it at the end."""
    name, address = f"nvp-host{number}", f"{NETWORK}.{10 + number}"
    home, ray = folder / "root", folder / "ray"
    for place in (home, ray, Path("/tmp/ray")):
        place.mkdir(parents=True, exist_ok=True)
    (home / ".bash_profile").write_text(profile)
    (folder / "sshd_config").write_text(SSHD.format(folder=folder, key=key))
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key"))
    start = START.format(name=name, folder=folder)
    start = start.replace("mount --rbind", python_in(home) + "mount --rbind", 1)
    space = ("unshare", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc")
    with network(name, address):
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, *space, "--kill-child", "bash", "-c", start],
            stderr=(folder / "start.log").open("w"),
            start_new_session=True,
        )
        try:
            wait_for_ssh(address, process, folder)
            yield Host(name, address, home, process.pid)
        finally:
            process.kill()
            process.wait()


def wait_for_ssh(address: str, process: subprocess.Popen, folder: Path) -> None:
    """Wait until the host's sshd answers."""
    for _ in range(100):
        assert process.poll() is None, (folder / "start.log").read_text()
        try:
            return socket.create_connection((address, 22), timeout=1).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError((folder / "start.log").read_text())


@contextmanager
def hosts(folder: Path, key: Path, profiles: list[str]) -> Iterator[list[Host]]:
    """Start a host for each profile, with Python in its home; the bridge is there."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    with ExitStack() as stack:
        started = []
        for number, profile in enumerate(profiles):
            place = folder / f"host{number}"
            started.append(stack.enter_context(host(number, place, key, profile)))
            install_python(started[-1].home)
        yield started
