"""A reader that went away (`| head`): a command then ends quietly, as git does."""

import os
import select
import sys
from collections.abc import Callable
from typing import IO

CLOSED_PIPE = 141  # as a shell says of a program that SIGPIPE ended


def end_quietly(work: Callable[[], int]) -> int:
    """Return the exit code of `work`, which prints; 141 when nobody reads it any more.

    What is printed is written out here: at the interpreter's end it would be too late to be quiet.
    """
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not is_closed(sys.stdout):
            raise  # another pipe: of a network, of a process
    silence(sys.stdout)
    return CLOSED_PIPE


def is_closed(stream: IO[str]) -> bool:
    """Whether the reader of a stream went away."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a stream in memory
        return False
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def silence(stream: IO[str]) -> None:
    """Let all that is still to be written to a stream go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
