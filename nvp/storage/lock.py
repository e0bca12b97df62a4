"""One driver for each study folder, by a kernel lock, which ends when its holder dies.

On a network mount a lease (`nvp.storage.lease`) is taken too, because the kernel lock does not hold
against drivers on other hosts. In an object store there is only the lease.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nvp.storage.lease import DRIVER, hold_lease
from nvp.storage.store import Storage

NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "lustre", "beegfs", "ceph", "glusterfs", "gpfs", "9p"}


@contextmanager
def study_lock(storage: Storage, holder: str = DRIVER) -> Iterator[None]:
    """Hold the study's folder, or another one.

    Args:
        storage: of the folder.
        holder: what there is to be one of, for the message.

    Raises:
        ValueError: when another driver holds it; the message says which.
    """
    with ExitStack() as held:
        if storage.local:
            held.enter_context(kernel_lock(storage, holder))
        if not storage.local or is_networked(Path(storage.root)):
            held.enter_context(hold_lease(storage, holder))
        yield


@contextmanager
def kernel_lock(storage: Storage, holder: str = DRIVER) -> Iterator[None]:
    """Hold the folder against other processes of this host."""
    path = Path(storage.path(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+")  # not "w": the name of another holder must stay readable
    except OSError as error:
        raise ValueError(
            f"--storage: expected a place to write to, got {storage.root}: {error}"
        ) from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ValueError(
                f"{storage.root}: expected no other {holder}, but {file.read().strip()} holds it"
            ) from None
        except OSError as error:  # a mount without locks
            if not is_networked(Path(storage.root)):  # there the lease holds
                raise ValueError(
                    f"--storage: expected a folder that can be locked, got {storage.root}: {error}"
                ) from None
        file.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
        file.flush()
        yield


def is_networked(folder: Path, mounts: str = "/proc/mounts") -> bool:
    """Whether a folder lies on a mount that other hosts may share; False where no list says so."""
    if not Path(mounts).exists():  # macOS has none
        return False
    lines = [line.split() for line in Path(mounts).read_text().splitlines()]
    kinds = {Path(line[1].replace("\\040", " ")): line[2] for line in lines if len(line) > 2}
    points = [path for path in [folder, *folder.parents] if path in kinds]  # the innermost first
    kind = kinds[points[0]] if points else ""
    return kind in NETWORKED or (kind.startswith("fuse.") and kind != "fuse.overlayfs")
