"""Whatever ends a driver, its last words say what happened and how to go on."""

import shlex
import sys
from pathlib import Path

import pytest

from nvp.running.last_words import StudyStopped, format_command, while_trials_run, write_reason
from nvp.running.signals import Signals
from nvp.storage.store import Storage
from nvp.study import study
from studies.sgd_noise import STUDY
from tests.in_process import run_main


class Broken(Storage):
    """A storage that nothing can be written to."""

    def write(self, name: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")


def fail(error: Exception, cause: Exception | None = None) -> Exception:
    """Return an error that was raised, with its traceback."""
    try:
        raise error from cause
    except type(error) as raised:
        return raised


def explain(error: Exception, storage: Storage | None) -> str:
    """Return the reason as it is written while the error is handled."""
    try:
        raise error
    except Exception as raised:
        return write_reason(raised, storage)


def test_what_is_known_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    known = fail(RuntimeError("Tune failed"), StudyStopped("memory: none got on:\n  free some"))
    assert explain(known, storage) == "memory: none got on: free some"
    assert not storage.files()


def test_what_is_not_foreseen_leaves_its_traceback_in_the_study(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    said = explain(KeyError("lost"), storage)
    (name,) = storage.files("errors")
    assert said == f"KeyError: 'lost'; traceback in {tmp_path}/{name}"
    assert "raise error" in (tmp_path / name).read_text()


def test_a_storage_that_fails_is_named_and_the_traceback_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    place = str(tmp_path / "study")
    broken = Broken(Storage.at(place).filesystem, place)
    said = explain(OSError(28, "No space left on device"), broken)
    (kept,) = (tmp_path / "temporary").iterdir()
    assert said == (
        f"storage: expected to read and write {place}, got: [Errno 28] No space left on device; "
        f"free some space, or name another place; traceback in {kept}"
    )
    assert explain(ZeroDivisionError("x"), broken).startswith("ZeroDivisionError: x; traceback in ")
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    assert explain(ZeroDivisionError("x"), broken).endswith("traceback in the lines above")


def test_what_another_process_raised_is_named_and_not_what_wrapped_it(tmp_path: Path) -> None:
    """Tune raises the text of a traceback while it handles what Ray brought from a process."""
    remote = RuntimeError("ray::train()\nTraceback (most recent call last):\n  ...")
    remote.cause = NotADirectoryError(20, "Not a directory", "/results")  # type: ignore[attr-defined]
    wrapped = fail(RuntimeError("Traceback (most recent call last):\n  ..."), fail(remote))
    assert explain(wrapped, Storage.at(str(tmp_path))).startswith(
        f"storage: expected to read and write {tmp_path}, got: [Errno 20] Not a directory: "
    )
    assert explain(wrapped, None).startswith("NotADirectoryError: [Errno 20] Not a directory")


def test_once_trials_run_no_argument_is_to_blame() -> None:
    with pytest.raises(RuntimeError, match="ValueError: of Arrow"), while_trials_run():
        raise ValueError("of Arrow")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("--seeds: expected"), 2, "error: --seeds: expected\n"),
        (RuntimeError("a bug\nin two lines"), 1, "error: RuntimeError: a bug in two lines; trace"),
        (StudyStopped("no node is left"), 1, "error: no node is left\nthis command continues:\n"),
        (OSError(5, "Input/output error"), 1, "error: storage: expected to read and write "),
    ],
)
def test_a_driver_ends_with_the_command_that_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str
) -> None:
    def start(*arguments: object) -> int:
        raise error

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(study, "start_study", start)
    ended = run_main(STUDY, tmp_path / "out", "--preset", "quick")
    assert ended.returncode == code
    assert ended.stderr.startswith(said)
    assert "Traceback" not in ended.stdout + ended.stderr
    if code == 1:
        assert ended.stderr.splitlines()[-2:] == ["this command continues:", format_command()]


def test_what_fails_once_a_signal_came_is_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`timeout` and batch systems tell Ray's processes to end, too."""

    def start(study: object, arguments: object, signals: Signals) -> int:
        signals.received.append("SIGTERM")
        raise RuntimeError("Ray did not start")

    monkeypatch.setattr(study, "start_study", start)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = run_main(STUDY, tmp_path / "out", "--preset", "quick")
    assert ended.returncode == 130
    assert ended.stderr.startswith("interrupted (SIGTERM), and RuntimeError: Ray did not start;")
    assert ended.stderr.splitlines()[-2:] == ["this command continues:", format_command()]


def test_the_command_can_be_typed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["studies/a study.py", "--storage", "my results", "--set", "x=$y"]
    monkeypatch.setattr(sys, "argv", command)
    assert shlex.split(format_command())[1:] == command
