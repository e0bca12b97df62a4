"""A file from the network: whole, checked, and under its name only then."""

import hashlib
import os
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

SECONDS = 60  # without a byte, until a download is given up
CHUNK = 1 << 20
AGENT = {"User-Agent": "nvp"}  # some hosts refuse Python's own name


def download(url: str, file: Path, checksum: str = "") -> None:
    """Bring what a URL has into a file, which gets its name once it is whole and on the disk.

    Args:
        url: of https, http or file.
        file: in a folder that is made if it is not there; the caller holds its lock.
        checksum: first digits of the SHA-256 that it must have; "" = any.

    Raises:
        OSError: it cannot be reached or written, or is not whole, or has another checksum.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.partial")  # that of a process that died is written over
    try:
        found = copy_to(url, part)
        if not found.startswith(checksum):
            raise OSError(
                f"expected a file whose SHA-256 begins with {checksum}, as its name says, got "
                f"{found[: max(len(checksum), 8)]}"
            )
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def copy_to(url: str, file: Path) -> str:
    """Write what a URL has to a file; return its SHA-256. OSError when it ends too early."""
    digest, size = hashlib.sha256(), 0
    try:
        request = Request(url, headers=AGENT)
        with urlopen(request, timeout=SECONDS) as answer, file.open("wb") as opened:
            wanted = answer.headers.get("Content-Length")
            while chunk := answer.read(CHUNK):
                opened.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            opened.flush()
            os.fsync(opened.fileno())
    except (HTTPException, ValueError) as error:  # an answer that is none; an unknown scheme
        raise OSError(f"{type(error).__name__}: {error}") from error
    if wanted is not None and size != int(wanted):
        raise OSError(f"expected {wanted} bytes, got {size}: the connection broke")
    return digest.hexdigest()
