"""A lease on a study in an object store or on a shared disk, where the kernel locks nothing.

The holder writes a heartbeat. A driver that finds none for `stale_seconds()`, by the clock of the
store, takes over; it does so at once when the holder was a process of this host that has ended.

pyarrow.fs has no conditional write. So a driver writes its lease, waits `settle_seconds()` and
reads it back: of several drivers whose writes arrive within that time, exactly one wins. A slower
one is noticed at the next heartbeat: a driver that reads another's lease instead of its own stops,
as it does on a signal.
"""

import json
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nvp.config.environment import read_number
from nvp.storage.store import Storage

logger = logging.getLogger(__name__)
NAME = ".lease"
SETTLE = 2.0  # at most
DRIVER = "driver on this study"  # what there is to be one of


def stale_seconds() -> float:
    """Return the seconds without a heartbeat after which a lease is over."""
    return read_number("NVP_LEASE_SECONDS")


def beat_seconds() -> float:
    """Return the seconds between two heartbeats."""
    return stale_seconds() / 6


def settle_seconds() -> float:
    """Return the seconds after which the winner of several drivers that start at once is known."""
    return min(SETTLE, beat_seconds())


@dataclass(frozen=True)
class Lease:
    """Who holds a study; `kernel` names the running system and its process numbers."""

    token: str
    host: str
    pid: int
    kernel: str
    since: str
    beats: int = 0

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"

    @property
    def gone(self) -> bool:
        """Whether it was a process of this system that has ended."""
        return self.kernel == name_kernel() and not Path(f"/proc/{self.pid}").exists()


def name_kernel() -> str:
    """Return a name of this running system and its process numbers, unlike any other's."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    space = Path("/proc/self/ns/pid")
    if not (boot.exists() and space.exists()):
        return uuid.uuid4().hex  # no process is ever known to be gone
    return f"{boot.read_text().strip()} {space.stat().st_ino} {socket.gethostname()}"


def make_lease() -> Lease:
    """Return the lease of this process."""
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return Lease(uuid.uuid4().hex, socket.gethostname(), os.getpid(), name_kernel(), since)


def read_lease(storage: Storage) -> Lease | None:
    """Return the lease; None when there is none, or only half of one."""
    content = storage.read_if_there(NAME)
    try:
        return Lease(**json.loads(content)) if content else None
    except (TypeError, ValueError):
        return None


def write_lease(storage: Storage, lease: Lease) -> None:
    """Write the lease over any other."""
    storage.write(NAME, json.dumps(asdict(lease)).encode())


def measure_silence(storage: Storage) -> float:
    """Return the seconds since the last heartbeat; inf when there is none.

    Clocks of hosts differ. A file written now tells the time of the store's clock, by which the
    heartbeat is dated too.
    """
    mark = f".clock-{uuid.uuid4().hex}"
    storage.write(mark, b"now")
    now = storage.modified(mark)
    storage.delete([mark])
    beat = storage.modified(NAME)
    return float("inf") if beat is None or now is None else now - beat


def acquire_lease(storage: Storage, holder: str = DRIVER) -> Lease:
    """Take the lease and return it.

    Raises:
        ValueError: when another driver holds it; the message says which.
    """
    held = read_lease(storage)
    quiet = measure_silence(storage) if held else float("inf")
    if held and not held.gone and quiet < stale_seconds():
        raise ValueError(
            f"{storage.root}: expected no other {holder}, but {held} holds it "
            f"(last heartbeat {max(quiet, 0):.0f} s ago); if it is dead, its lease ends "
            f"{stale_seconds():.0f} s after that"
        )
    mine = make_lease()
    write_lease(storage, mine)
    time.sleep(settle_seconds())
    winner = read_lease(storage)
    if winner is None or winner.token != mine.token:
        raise ValueError(
            f"{storage.root}: expected no other {holder}, but {winner} started at the "
            "same time and holds it"
        )
    return mine


def renew_lease(storage: Storage, lease: Lease, ended: threading.Event) -> None:
    """Write heartbeats until `ended`; ask this process to stop once the lease is lost."""
    renewed = time.monotonic()
    while not ended.wait(beat_seconds()):
        try:
            found = read_lease(storage)
            if found is None or found.token == lease.token:
                lease = replace(lease, beats=lease.beats + 1)
                write_lease(storage, lease)
                renewed = time.monotonic()
                continue
            reason = f"{found} took it over"
        except OSError as error:
            if time.monotonic() - renewed < stale_seconds() - beat_seconds():
                logger.warning("no heartbeat: %s", error)
                continue
            reason = f"no heartbeat could be written for {stale_seconds():.0f} s: {error}"
        logger.error("the lease on %s is lost: %s", storage.root, reason)
        os.kill(os.getpid(), signal.SIGTERM)  # trials save and stop, as on any SIGTERM
        return


@contextmanager
def hold_lease(storage: Storage, holder: str = DRIVER) -> Iterator[None]:
    """Hold the lease of a study.

    Raises:
        ValueError: when another driver holds it; the message says which.
    """
    lease = acquire_lease(storage, holder)
    ended = threading.Event()
    thread = threading.Thread(target=renew_lease, args=(storage, lease, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(beat_seconds())
        found = read_lease(storage)
        if found is not None and found.token == lease.token:
            storage.delete([NAME])
