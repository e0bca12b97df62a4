"""One monitor for each trial; as many trials of a study as there are processes.

The lock is the kernel's, or a lease on shared storage (`nvp.storage.lock`).
"""

import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from weakref import WeakValueDictionary

from nvp.storage.lock import study_lock
from nvp.storage.store import Storage

# what there is to be one of, for messages
OF_TRIAL, OF_STUDY_FILE = "monitor of this trial", "writer of its study.json"
WAIT = 10.0  # seconds; workers of a DataLoader hold its killed process's lock for about 5
MOMENT = 60.0  # study.json is written in a moment, by each monitor that starts


class Hold:
    """A trial that this process holds, until it is released."""

    def __init__(self, lock: ExitStack) -> None:
        self.lock, self.open, self.pid = lock, True, os.getpid()

    @property
    def held(self) -> bool:
        """Whether this process holds the trial; a process that was forked from it does not."""
        return self.open and self.pid == os.getpid()

    def check(self) -> None:
        """Raise ValueError when this process does not hold the trial, or not any more."""
        if self.pid != os.getpid():
            raise ValueError(
                f"this monitor is of the process {self.pid}, from which this one was forked: make "
                "another one here, with another config or seed"
            )
        if not self.held:
            raise ValueError(
                "this monitor is closed: its trial has ended, or this process made a newer monitor "
                "of the same trial"
            )

    def release(self) -> None:
        """Give the trial free; again is nothing, and so is the call of a forked process."""
        if self.held:
            self.open = False
            self.lock.close()


HELD: WeakValueDictionary[str, Hold] = WeakValueDictionary()  # in this process, by folder


def hold_trial(storage: Storage, trial_id: str) -> Hold:
    """Hold a trial against the monitors of other processes.

    A monitor that this process made before (a cell of a notebook that runs again) gives way.

    Raises:
        ValueError: another process holds it; the message says which.
    """
    folder = storage.below("observations", trial_id)
    if older := HELD.get(folder.place):
        older.release()
    lock = wait_for(
        lambda: study_lock(folder, OF_TRIAL), lambda: WAIT if is_holder_gone(folder) else 0.0
    )
    HELD[folder.place] = hold = Hold(lock)
    return hold


def hold_study_file(storage: Storage) -> ExitStack:
    """Hold a study's folder for the moment in which its study.json is read and written."""
    return wait_for(lambda: study_lock(storage, OF_STUDY_FILE), lambda: MOMENT)


def wait_for(
    lock: Callable[[], AbstractContextManager[None]], find_limit: Callable[[], float]
) -> ExitStack:
    """Take a lock, waiting for at most so many seconds; return what gives it free."""
    start = time.monotonic()
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(lock())
                return stack.pop_all()
            except ValueError:
                if time.monotonic() - start >= find_limit():
                    raise
        time.sleep(0.05)


def is_holder_gone(folder: Storage) -> bool:
    """Whether the lock is held in the name of a process of this host that has ended."""
    content = folder.read_if_there(".lock") or b""
    found = re.match(r"process (\d+) on (\S+) ", content.decode())
    if not found or found[2] != socket.gethostname():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
