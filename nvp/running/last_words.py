"""The last words of a driver: what happened, in one line, and the command that continues.

What is not foreseen leaves its traceback in a file, and its place in that line.
"""

import os
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from nvp.running.cells import is_in_cell
from nvp.storage.store import Storage
from nvp.storage.unreachable import FULL, describe_unreachable, join_lines

LOGS = "errors"  # folder of a study in which tracebacks of its driver are kept
LONGEST = 300  # characters of a reason
SHOW_CURSOR = "\x1b[?25h"


class StudyStopped(RuntimeError):
    """The driver cannot go on, for a known reason: one line, without a traceback."""


@contextmanager
def while_trials_run() -> Iterator[None]:
    """Turn a ValueError into a RuntimeError: once trials run, no argument is to blame for it."""
    try:
        yield
    except ValueError as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def format_command() -> str:
    """Return the command that continues this one, from this folder."""
    python = os.path.relpath(sys.executable)
    return shlex.join([sys.executable if python.startswith("..") else python, *sys.argv])


def explain_continuing(what: str = "this command continues") -> str:
    """Return how a study goes on: by a command, or in a notebook by the same cell."""
    if is_in_cell():
        return "run the cell again: it continues"
    return f"{what}:\n{format_command()}"


def explain_in_one_line() -> str:
    """Return how a study goes on, in one line."""
    return explain_continuing().replace("\n", " ")


def write_reason(error: Exception, storage: Storage | None) -> str:
    """Return why the driver ends, in one line; keep the traceback of what is not foreseen.

    Args:
        error: that ended it.
        storage: the study's; None when it is not known yet.
    """
    causes = list(list_causes(error))
    for known in (cause for cause in causes if isinstance(cause, StudyStopped)):
        return cut(join_lines(known))
    # Tune's errors have the traceback of what they wrap as their text
    found = next((cause for cause in causes if "Traceback (most" not in str(cause)), error)
    if isinstance(found, OSError) and storage is not None:
        return f"{describe_storage_error(storage, found)}; traceback in {keep_traceback(None)}"
    reason = cut(f"{type(found).__name__}: {join_lines(found)}")
    return f"{reason}; traceback in {keep_traceback(storage)}"


def list_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what is behind it; Ray keeps that of another process in `cause`."""
    while error is not None:
        yield error
        remote = getattr(error, "cause", None)
        error = remote if isinstance(remote, Exception) else error.__cause__ or error.__context__


def describe_storage_error(storage: Storage, error: OSError) -> str:
    """Return why a storage cannot be used, with a remedy."""
    if not storage.local:
        return cut(describe_unreachable(storage.place, error))
    remedy = "free some space, or name another place" if error.errno in FULL else "see to it"
    reason = cut(join_lines(error))
    return f"storage: expected to read and write {storage.root}, got: {reason}; {remedy}"


def keep_traceback(storage: Storage | None) -> str:
    """Write the traceback of the error that is handled now; return where it is.

    It is in the study's folder, else among the temporary files, else on standard error.
    """
    text = traceback.format_exc()
    name = f"{LOGS}/{time.strftime('%Y-%m-%d-%H-%M-%S')}-{os.getpid()}.txt"
    if storage is not None:
        with suppress(OSError):  # the next place is tried
            storage.write(name, text.encode())
            return storage.path(name)
    with suppress(OSError):
        path = Path(tempfile.gettempdir()) / f"nvp-{name.replace('/', '-')}"
        path.write_text(text)
        return str(path)
    sys.stderr.write(text)
    return "the lines above"


def cut(text: str) -> str:
    """Return a text, shortened when it is very long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def quit_at_once(words: str, code: int) -> NoReturn:
    """Write last words, and end the process without further ado.

    It uses no buffered stream: it runs in signal handlers, and beside a main thread that is stuck.
    """
    for number in (1, 2):
        with suppress(OSError):  # nobody reads it there
            # the live line hides the cursor of a terminal, and nothing else shows it again
            os.write(number, f"{SHOW_CURSOR * os.isatty(number)}\n{words}\n".encode())
            break
    os._exit(code)
