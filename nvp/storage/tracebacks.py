"""The column `error` of `trials`: a traceback, or one line that says why a trial ended."""


def read_exception(error: str | None) -> str:
    """Return the last line of a stored error, which in a traceback names the exception."""
    return (error or "").strip().rpartition("\n")[2]
