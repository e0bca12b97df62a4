"""`| head`: a command whose reader went away ends quietly, with the exit code of SIGPIPE."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nvp.__main__ import main
from nvp.config.closed_pipe import CLOSED_PIPE, end_quietly, is_closed


@contextmanager
def unread() -> Iterator[int]:
    """Yield the end of a pipe that nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    yield writes
    os.close(writes)


@pytest.mark.parametrize("arguments", [["--help"], ["tables"]])
def test_the_command_ends_quietly(arguments: list[str]) -> None:
    with unread() as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "nvp", *arguments], stdout=pipe, stderr=subprocess.PIPE
        )
    assert (ended.returncode, ended.stderr) == (CLOSED_PIPE, b"")


def test_what_is_read_keeps_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["nothing"]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["compact", "--help"])
    assert ended.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_another_pipe_that_breaks_is_no_reader_that_went_away() -> None:
    def talk() -> int:
        raise BrokenPipeError("of a connection")

    with pytest.raises(BrokenPipeError, match="of a connection"):
        end_quietly(talk)


def test_a_stream_is_closed_once_nobody_reads_it() -> None:
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as stream:
        assert not is_closed(stream)
        os.close(reads)
        assert is_closed(stream)
    assert not is_closed(io.StringIO())
