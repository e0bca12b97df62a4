"""One driver per study folder: a kernel lock, freed by the kernel when its holder dies."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nvp.storage import Storage


@contextmanager
def study_lock(storage: Storage) -> Iterator[None]:
    """Hold the study's folder.

    Raises:
        ValueError: when another driver does; says which.
    """
    if not storage.local:
        raise ValueError(
            f"--storage: expected a path on this machine or a mounted share, got {storage.root!r}: "
            "a driver cannot lock an object store yet"
        )
    path = Path(storage.path(".lock"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ValueError(
                f"{storage.root}: expected no other driver on this study, "
                f"but {file.read().strip()} holds it"
            ) from None
        file.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
        file.flush()
        yield
