"""Trackers beside a running study: a process each, which is told the trials that ended.

Nothing here waits for a tracker while trials run, and nothing that happens to one is an error of
the study: it is one line, with the command that exports later.
"""

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from nvp.config.dotted_names import list_user_folders
from nvp.config.user_modules import run_module
from nvp.trackers.named import FAILED, READY

READY_SECONDS = 120  # a package of a tracker may take long to import on a busy machine
LAST_SECONDS, INTERRUPTED_SECONDS = 60, 10  # for what is left when the trials ended


@dataclass(frozen=True)
class Tracked:
    """The study that trackers follow: where its tables are, its name and its preset."""

    place: str
    study: str
    preset: str

    def format_export(self, named: str) -> str:
        """Return the command that exports its trials later."""
        flags = ["--preset", self.preset, "--storage", self.place, "--to", named]
        return shlex.join(["nvp", "export-runs", self.study, *flags])


class Tracking:
    """A tracker that follows a study, in a process of its own."""

    def __init__(self, named: str, tracked: Tracked) -> None:
        self.named, self.tracked = named, tracked
        arguments = (named, tracked.place, tracked.study, tracked.preset, *list_user_folders())
        self.process = subprocess.Popen(
            [*run_module("nvp.trackers.follow"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the driver, which lets this one finish
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdin is not None
        os.set_blocking(self.process.stdin.fileno(), False)
        self.answers: list[tuple[str, str]] = []
        self.answered = threading.Event()
        self.reader = threading.Thread(target=self.read_answers, daemon=True)
        self.reader.start()
        self.lost = ""  # why it follows no longer
        self.told = False  # whether the user knows

    def read_answers(self) -> None:
        """Take in the lines of the process, until it ends; runs in a thread."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                word, _, text = line.decode(errors="replace").strip().partition(" ")
                if word == FAILED:
                    self.lost = text
                self.answers.append((word, text))
                self.answered.set()
        self.answered.set()

    def require_ready(self) -> str:
        """Wait until the tracker is ready; return where its runs will be.

        Raises:
            ValueError: it is unknown, not installed or not reachable; in one line.
        """
        self.answered.wait(READY_SECONDS)
        word, text = self.answers[0] if self.answers else ("", "")
        if word == READY:
            return text
        silent = f"expected {self.named} to be ready within {READY_SECONDS} s, got no answer"
        raise ValueError(f"--track: {text.removeprefix('tracker: ') or silent}")

    def note_end(self, trial: str) -> str:
        """Tell the process that a trial has its row; return what the user is to know, once."""
        if not self.lost:
            self.send(trial)
        return self.say_lost()

    def send(self, trial: str) -> None:
        """Write a line to the process, which never waits: a full pipe counts as a lost tracker."""
        assert self.process.stdin is not None
        try:
            os.write(self.process.stdin.fileno(), f"{trial}\n".encode())
        except BlockingIOError:
            self.lost = f"tracker {self.named}: it does not keep up with the trials"
        except OSError:
            self.reader.join(1)  # its last line may be on the way
            self.lost = self.lost or f"tracker {self.named}: its process ended"

    def say_lost(self) -> str:
        """Return that the tracker follows no longer, and the command that exports later; once."""
        if not self.lost or self.told:
            return ""
        self.told = True
        command = self.tracked.format_export(self.named)
        return f"{self.lost}; the study goes on, and this exports its trials later: {command}"

    def finish(self, seconds: float) -> str:
        """Let the process write what is left; return what the user is to know."""
        self.close()
        try:
            code = self.process.wait(0 if self.lost else seconds)
            self.reader.join(1)
            if code and not self.lost:
                self.lost = f"tracker {self.named}: its process ended"
        except subprocess.TimeoutExpired:
            late = f"tracker {self.named}: not done {seconds:.0f} s after the trials"
            self.lost = self.lost or late
            self.process.kill()
            self.process.wait()
        return self.say_lost()

    def close(self) -> None:
        """Say that no more trials will come."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()


@contextmanager
def follow_study(names: Sequence[str], tracked: Tracked) -> Iterator[list[Tracking]]:
    """Start a process for each tracker and wait until all are ready; leave none behind.

    Raises:
        ValueError: one of them cannot be used.
    """
    with ExitStack() as stack:
        trackings = [Tracking(named, tracked) for named in dict.fromkeys(names)]
        for tracking in trackings:
            stack.callback(tracking.finish, INTERRUPTED_SECONDS)
        try:
            for tracking in trackings:
                tracking.require_ready()
        except BaseException:
            for tracking in trackings:
                tracking.process.kill()
            raise
        yield trackings


def finish_all(trackings: Sequence[Tracking], *, interrupted: bool) -> list[str]:
    """Let all trackers write what is left; return the lines that the user is to read."""
    end = time.monotonic() + (INTERRUPTED_SECONDS if interrupted else LAST_SECONDS)
    lines = [tracking.finish(max(0.0, end - time.monotonic())) for tracking in trackings]
    return [line for line in lines if line]
