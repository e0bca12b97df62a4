"""The signals that end a study: Ctrl-C, a request to end, a terminal that is closed.

Before trials run and after, a signal ends the driver at once. While they run, the first one lets
them save; a second one ends the driver at once, too. A reader of the output that goes away
(`| head`) counts as a signal.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, Any

from nvp.config.closed_pipe import is_closed, silence
from nvp.running.exit_codes import INTERRUPTED
from nvp.running.last_words import explain_in_one_line, quit_at_once

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
READER_GONE = "SIGPIPE"


class Signals:
    """What is done on a signal.

    Attributes:
        received: names of those that came while trials ran; the run ends once it is not empty.
        saving: whether trials run, so that a signal lets them save first.
        ends_process: whether a second signal ends the process; else it raises KeyboardInterrupt.
    """

    def __init__(self, *, ends_process: bool = True) -> None:
        self.received: list[str] = []
        self.saving = False
        self.ends_process = ends_process

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take in a signal."""
        name = signal.Signals(number).name
        for stream in (sys.stdout, sys.stderr):  # of a terminal that was closed
            if is_closed(stream):
                silence(stream)
        if not self.saving:
            raise KeyboardInterrupt(name)
        if self.received and self.ends_process:
            quit_at_once(f"{name} again: ended at once; {explain_in_one_line()}", INTERRUPTED)
        if self.received:
            raise KeyboardInterrupt(f"{name} again: ended at once")
        self.received.append(name)
        with suppress(OSError):  # the terminal may be the one that was closed
            os.write(1, f"\n{name}: saving the running trials; again to quit at once\n".encode())

    @contextmanager
    def let_trials_save(self) -> Iterator[list[str]]:
        """Yield `received`: while the trials run, signals and closed pipes are added to it."""
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (GuardedStream(stream, self.received) for stream in streams)
        self.saving = True
        try:
            yield self.received
        finally:
            self.saving = False
            sys.stdout, sys.stderr = streams


class GuardedStream:
    """A stream of text that does not fail when its reader goes away, but says so in a list."""

    def __init__(self, stream: IO[str], received: list[str]) -> None:
        self.stream, self.received = stream, received

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text; once the reader is gone, it goes nowhere."""
        with self.noting_closed():
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what is held back."""
        with self.noting_closed():
            self.stream.flush()

    @contextmanager
    def noting_closed(self) -> Iterator[None]:
        """Take in that the reader of the stream is gone."""
        try:
            yield
        except OSError:
            if not is_closed(self.stream):
                raise  # a full disk
            silence(self.stream)
            if not self.received:
                self.received.append(READER_GONE)


@contextmanager
def catch_signals(*, ends_process: bool = True) -> Iterator[Signals]:
    """Handle signals as `Signals` says; afterwards as before.

    A signal that is ignored already (`nohup`) stays so, but for Ctrl-C, which shells ignore for
    what they run in the background.
    """
    signals, before = Signals(ends_process=ends_process), {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            handler = signal.getsignal(number)
            if handler is signal.SIG_IGN and number != signal.SIGINT:
                continue
            before[number] = signal.SIG_DFL if handler is None else handler
            signal.signal(number, signals.handle)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Ignore the signals that end a study from now on, while Python ends the process."""
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            signal.signal(number, signal.SIG_IGN)
