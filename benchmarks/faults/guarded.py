"""A check in a process of its own: it may end with an exception, abort, or never end."""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

FORK = multiprocessing.get_context("fork")  # torch is imported once, by the parent


@dataclass(frozen=True)
class End:
    """How a guarded check ended.

    Attributes:
        how: "value", "exception", "abort" (a signal or an exit ended the process) or "hang".
        value: what it returned; None for the others.
        text: the traceback, or what ended the process.
    """

    how: str
    value: Any = None
    text: str = ""


@dataclass
class Guarded:
    """A check whose process runs."""

    number: int
    process: BaseProcess
    pipe: Connection
    limit: float  # by time.monotonic

    def read_end(self) -> End | None:
        """Return how it ended; None while it runs. One that is late is killed."""
        if self.pipe.poll():
            try:
                how, value, text = self.pipe.recv()
            except EOFError:
                self.process.join()
                return End("abort", text=f"exit code {self.process.exitcode}")
            self.process.join()
            return End(how, value, text)
        if time.monotonic() < self.limit:
            return None
        self.process.kill()
        self.process.join()
        return End("hang", text="it did not end in time")


def run_guarded(
    checks: Sequence[Callable[[], Any]], *, seconds: float, at_a_time: int = 1
) -> Iterator[tuple[int, End]]:
    """Yield (number, end) of each check, in the order in which they end.

    Args:
        checks: to run, each in a fork of this process.
        seconds: after which one counts as hung, and is killed.
        at_a_time: processes side by side.
    """
    waiting = list(enumerate(checks))[::-1]
    running: list[Guarded] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_a_time:
                number, check = waiting.pop()
                running.append(start_guarded(number, check, time.monotonic() + seconds))
            wait([one.pipe for one in running], timeout=0.2)
            for one in list(running):
                end = one.read_end()
                if end is not None:
                    running.remove(one)
                    one.pipe.close()
                    yield one.number, end
    finally:
        for one in running:
            one.process.kill()
            one.process.join()


def start_guarded(number: int, check: Callable[[], Any], limit: float) -> Guarded:
    """Start a check in a fork."""
    pipe, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=run_check, args=(check, theirs))
    process.start()
    theirs.close()
    return Guarded(number, process, pipe, limit)


def run_check(check: Callable[[], Any], pipe: Connection) -> None:
    """Run a check and send how it ended; nothing of the parent's is run at the exit."""
    try:
        ended = ("value", check(), "")
    except BaseException:  # also a SystemExit: a check that returns nothing has told nothing
        ended = ("exception", None, traceback.format_exc())
    pipe.send(ended)
    pipe.close()
    os._exit(0)
