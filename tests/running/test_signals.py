"""Signals: trials save first, a second one ends at once; a terminal or pipe that is closed."""

import errno
import io
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from nvp.running.signals import NAMES, GuardedStream, catch_signals
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.study.study import main
from tests import small_forks
from tests.in_process import run_main

FLAGS = ("--preset", "quick", "--seeds", "1", "--set", "epochs=3000", "--no-ray")
NUMBERS = [getattr(signal, name) for name in NAMES]


@contextmanager
def once(moment: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
    """Act in another thread at a moment of what runs here."""

    def wait() -> None:
        end = time.time() + 100
        while not moment() and time.time() < end:
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def is_training(place: Path) -> Callable[[], bool]:
    folder = place / "small_forks/quick/checkpoints"
    return lambda: len(list(folder.glob("*/*.safetensors"))) > 0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Save at each epoch; let a signal end a study also where these tests run under nohup."""
    monkeypatch.setenv("NVP_CHECKPOINT_SECONDS", "0")
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_the_trial_save_and_the_command_comes_last(
    tmp_path: Path, number: signal.Signals
) -> None:
    with once(is_training(tmp_path), lambda: os.kill(os.getpid(), number)):
        ended = run_main(small_forks.STUDY, tmp_path, *FLAGS)
    assert ended.returncode == 130, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-2] == "interrupted; this command continues:"
    assert shlex.split(ended.stdout.splitlines()[-1])[1:] == sys.argv
    assert not read_index(open_study(str(tmp_path), "small_forks", "quick")).rows
    assert is_training(tmp_path)()


def test_before_trials_run_a_signal_ends_at_once_with_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(*arguments: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr("nvp.study.launch.check_room", pause)
    ended = run_main(small_forks.STUDY, tmp_path, *FLAGS)
    assert ended.returncode == 130
    assert ended.stdout.splitlines()[-2] == "interrupted; this command continues:"
    assert ended.stderr == ""


TWICE = """
import os, signal, sys, time
from nvp.running.signals import catch_signals
with catch_signals() as signals, signals.let_trials_save() as received:
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
        time.sleep(0.1)
    print("still here")
"""


def test_a_second_signal_ends_at_once_in_one_line_with_the_command(tmp_path: Path) -> None:
    # elsewhere, so that the command names Python by its whole path
    ended = subprocess.run(
        [sys.executable, "-c", TWICE], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 130
    command = shlex.join([sys.executable, "-c"])
    assert [line for line in ended.stdout.splitlines() if line] == [
        "SIGTERM: saving the running trials; again to quit at once",
        f"SIGINT again: ended at once; this command continues: {command}",
    ]
    assert ended.stderr == ""


def test_a_signal_after_the_last_line_does_not_change_the_exit_code(tmp_path: Path) -> None:
    lines = [
        "import atexit, os, signal",
        "from nvp import main",
        "from tests.small_forks import STUDY",
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))",  # while Python ends
        f"main(STUDY, ['--preset', 'quick', '--dry-run', '--storage', {str(tmp_path)!r}])",
    ]
    ended = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_handlers_are_as_before_afterwards_and_what_is_ignored_stays_so() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    try:
        with catch_signals() as signals:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == signals.handle
            with pytest.raises(KeyboardInterrupt, match="SIGINT"):
                signals.handle(signal.SIGINT, None)
    finally:
        signal.signal(signal.SIGHUP, before[-1])
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_a_reader_that_goes_away_lets_the_trials_save(tmp_path: Path) -> None:
    """As `python studies/... | head`: the trial under way saves, and no other starts."""
    reads, writes = os.pipe()
    command = ["--storage", str(tmp_path), *FLAGS[:4], "--no-ray"]
    errors = io.StringIO()
    with (
        os.fdopen(writes, "w", buffering=1) as stream,
        redirect_stdout(stream),
        redirect_stderr(errors),
        once(is_training(tmp_path), lambda: os.close(reads)),
        pytest.raises(SystemExit) as ended,
    ):
        main(small_forks.STUDY, command)
    assert ended.value.code == 141, errors.getvalue()
    assert errors.getvalue().splitlines()[-2] == "interrupted; this command continues:"
    assert len(read_index(open_study(str(tmp_path), "small_forks", "quick")).rows) < 5


def test_a_terminal_that_is_closed_takes_what_is_said_without_an_error() -> None:
    shown, terminal = os.openpty()
    with os.fdopen(terminal, "w") as stream, redirect_stdout(stream), catch_signals() as signals:
        with signals.let_trials_save() as received:
            stream.write("a line\n")
            stream.flush()
            os.close(shown)
            os.kill(os.getpid(), signal.SIGHUP)
            sys.stdout.write("another\n")
            sys.stdout.flush()
        sys.stdout.write("the last words\n")
        sys.stdout.flush()
    assert received == ["SIGHUP"]


def test_a_full_disk_behind_the_output_is_no_reader_that_went_away() -> None:
    class Full:
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def fileno(self) -> int:
            return sys.__stderr__.fileno()

    received: list[str] = []
    with pytest.raises(OSError, match="No space"):
        GuardedStream(Full(), received).write("a line")  # type: ignore[arg-type]
    assert received == []
