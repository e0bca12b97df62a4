"""A kill at a chosen moment of a study that runs in processes of its own."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress

from tests.conftest import descendants, kill_all, wait_for


def kill_in(moment: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """SIGKILL a process and all below it in a moment that still lasts: they stand still meanwhile.

    On a busy machine a moment that was seen may be over before the kill arrives.
    """
    while True:
        wait_for(lambda: bool(moment()), process)
        family = descendants(process.pid)
        tell(family, signal.SIGSTOP)
        if moment():
            kill_all(process)
            return
        tell(family, signal.SIGCONT)


def tell(family: list[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may have ended."""
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
