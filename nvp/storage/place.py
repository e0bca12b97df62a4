"""A place as a user names it: a path or a URI, without keys in it."""

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

FLAG = "--storage"
SCHEMES = ("s3", "gs", "gcs", "file", "hdfs", "viewfs", "abfs", "abfss", "http", "https")
SECRET = re.compile(
    r"secret|token|passw|access.?key|account.?key|\bkey\b|credential|signature|\bsig\b", re.I
)
KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")  # ids of access keys, as AWS gives them
REMEDY = (
    "it would be written into the study's files; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
    "or AWS_PROFILE, or write ~/.aws/credentials (s3); GOOGLE_APPLICATION_CREDENTIALS (gs)"
)


def read_place(text: str) -> str:
    """Return a place: a URI as it was given, or a path with ~ expanded.

    Raises:
        ValueError: an empty text, a URI with keys in it, or what only looks like a URI. The message
            does not repeat keys.
    """
    refuse_secrets(text)
    if not text.strip() or "\0" in text:
        raise ValueError(f"{FLAG}: expected a folder or a URI, got {text!r}")
    if "://" in text:
        return text
    if re.match(r"[A-Za-z]:[\\/]", text):
        raise ValueError(f"{FLAG}: expected a path of Linux or macOS, got {text!r}")
    if looks_like_uri(text):
        scheme, _, rest = text.partition(":")
        meant = f"{scheme.lower()}://{'/' if scheme.lower() == 'file' else ''}{rest.lstrip('/')}"
        raise ValueError(
            f"{FLAG}: expected a path or a URI, got {text!r} (did you mean {meant!r}?)"
        )
    return expand_home(text)


def expand_home(text: str) -> str:
    """Return a path whose ~ or ~user is the home of a user."""
    try:
        return os.fspath(Path(text).expanduser())
    except RuntimeError:
        user = Path(text).parts[0]
        raise ValueError(f"{FLAG}: expected the home of a user, got {user!r}") from None


def refuse_secrets(text: str) -> None:
    """Raise ValueError for a URI that carries keys; the message says how to give them."""
    if not looks_like_uri(text):
        return
    head = text.partition(":")[0]
    if has_user_keys(text) or KEY_ID.search(unquote(text)) or find_secret_option(text):
        raise ValueError(f"{FLAG}: expected a URI without keys, got {head}:... with one; {REMEDY}")


def looks_like_uri(text: str) -> bool:
    """Whether a text begins with a known scheme and a colon, or with any scheme, colon and slash.

    A folder may have a colon in its name.
    """
    scheme, colon, rest = text.partition(":")
    known = scheme.lower() in SCHEMES
    return bool(colon) and (known or (rest.startswith("/") and scheme[:1].isalpha()))


def has_user_keys(text: str) -> bool:
    """Whether a URI names a user's key before its host.

    A secret key may have slashes, so that a part of it looks like a path. Other stores than s3 take
    a name without a password there: anonymous (gs), a container (abfs), a user (hdfs).
    """
    scheme, _, rest = text.partition(":")
    place = re.split(r"[?#]", rest)[0].lstrip("/")
    for form in (place, unquote(place)):
        first, _, path = form.partition("/")
        user, at, host = first.rpartition("@")
        no_port = ":" in host and not host.rpartition(":")[2].isdecimal()
        if scheme.lower() in ("s3", "http", "https") and (at or no_port):
            return True
        if (at and ":" in user) or (no_port and "@" in path):
            return True
    return False


def find_secret_option(text: str) -> str:
    """Return the option of a URI that has a secret in its name or its value; "" for none."""
    parts = urlsplit(text)
    options = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment)
    for name, value in options:
        if SECRET.search(name) or re.search(r"//.*@", value):
            return name
    return ""


def check_folder(root: str) -> None:
    """Raise ValueError for a local folder that is a file, lies below one, or cannot be read."""
    try:
        folder = next(path for path in [Path(root), *Path(root).parents] if is_there(path))
        if not folder.is_dir():
            raise ValueError(
                f"{FLAG}: expected a place to write to or read from, got {root!r}: {folder} is no "
                "folder"
            )
        if not os.access(folder, os.R_OK | os.X_OK):
            raise ValueError(f"{FLAG}: expected a folder that can be read, got {folder}")
    except OSError as error:
        raise ValueError(f"{FLAG}: expected a folder, got {root!r}: {error.strerror}") from None


def is_there(path: Path) -> bool:
    """Whether something has that name; unlike `Path.exists`, a name that cannot be is an error."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
