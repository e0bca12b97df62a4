"""A study started in this process, as `python studies/...` starts it in one of its own."""

import io
import signal
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from nvp.study.study import Study, main


def run_main(study: Study, place: Path | str, *arguments: str) -> CompletedProcess[str]:
    """Run a study's `main`; return its exit code and output. Signals are handled as before."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    command = ["--storage", str(place), *arguments]
    output, errors = io.StringIO(), io.StringIO()
    try:
        with (
            redirect_stdout(output),
            redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main(study, command)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return CompletedProcess(command, ended.value.code, output.getvalue(), errors.getvalue())
