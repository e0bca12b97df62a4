"""Files of weights: fetched once by the driver, and found again, the same, by each trial."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

from nvp.config.trial_config import ModelConfig
from nvp.models.pretrained.download import download
from nvp.models.pretrained.naming import find_source
from nvp.models.pretrained.source import Source


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A file of weights as the driver has it; trials must have the same.

    Attributes:
        source: where it comes from.
        file: on the driver's machine.
        sha256: of its content, 64 hexadecimal digits.
    """

    source: Source
    file: str
    sha256: str


def fetch(source: Source) -> Weights:
    """Return the file of a source, downloaded if it is not on this machine yet (driver only).

    Raises:
        ValueError: it is not there and cannot be downloaded, or is damaged; in one line.
    """
    file = source.find() or bring(source)
    found, promised = hash_file(file), source.checksum or read_blob_name(source, file)
    if not found.startswith(promised):
        raise ValueError(
            f"model.weights: expected {file.resolve()} to have a SHA-256 that begins with "
            f"{promised[:12]}, as its name says, got {found[:12]}: it is damaged; delete it, and "
            "it is downloaded again"
        )
    return Weights(source=source, file=str(file), sha256=found)


def read_blob_name(source: Source, file: Path) -> str:
    """Return the SHA-256 by which the cache of the Hugging Face hub names large files; or ""."""
    name = file.resolve().name
    return name if source.repository and re.fullmatch("[0-9a-f]{64}", name) else ""


def bring(source: Source) -> Path:
    """Return a file that is brought to this machine; other drivers wait meanwhile."""
    if not source.is_downloaded:
        raise ValueError(f"model.weights: expected a file, got {source.path!r} (no such file)")
    try:
        if source.repository:
            return bring_from_hub(source)
        source.hub_file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{source.hub_file}.lock"):
            if not source.hub_file.exists():
                download(source.url, source.hub_file, source.checksum)
        return source.hub_file
    except Exception as error:  # of the network, the disk, or the client of the hub
        said = " ".join(str(error).split())
        raise ValueError(
            f"model.weights: expected to download {source.download}, got {type(error).__name__}: "
            f"{said[:300]}; {source.remedy}"
        ) from error


def bring_from_hub(source: Source) -> Path:
    """Return a file of a repository, downloaded into the cache of the Hugging Face hub."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    *others, last = source.remote_names
    for name in others:
        try:
            return Path(hf_hub_download(source.repository, name))
        except LocalEntryNotFoundError:  # the hub cannot be reached
            raise
        except EntryNotFoundError:  # the repository has it under the next name
            continue
    return Path(hf_hub_download(source.repository, last))


def find_weights(config: ModelConfig, known: Iterable[Weights]) -> Weights | None:
    """Return the file that a trial's network starts from; None where it starts at random.

    Args:
        config: the model's part of a trial.
        known: the files of the driver.

    Raises:
        ValueError: the file is not on this machine, or is another one than the driver's.
    """
    if not config.weights:
        return None
    source = find_source(config)
    of_driver = [weights for weights in known if weights.source.name == source.name]
    if of_driver:
        return find_copy(of_driver[0])
    file = source.find()
    if file is None:
        raise ValueError(
            f"model.weights: expected the file of {source.name} at {source.place}, got none: a "
            f"start of the study downloads it, a trial never does; or {source.remedy}"
        )
    return Weights(source=source, file=str(file), sha256=hash_file(file))


def find_copy(weights: Weights) -> Weights:
    """Return this machine's copy of a file of the driver's.

    It lies where the driver has it, or where this machine's own settings (TORCH_HOME) say.

    Raises:
        ValueError: it is not there, or has another SHA-256.
    """
    own = weights.source.find()
    file = weights.file if os.path.isfile(weights.file) else own and str(own)
    if file is None:
        places = " or ".join(dict.fromkeys([weights.file, weights.source.place]))
        raise ValueError(
            f"model.weights: expected the driver's file of {weights.source.name} at {places}, got "
            "none: bring it to every node (docs/clusters.md)"
        )
    if (found := hash_file(Path(file))) != weights.sha256:
        raise ValueError(
            f"model.weights: expected the driver's file of {weights.source.name}, SHA-256 "
            f"{weights.sha256[:12]}, got {found[:12]} in {file}: bring it to every node "
            "(docs/clusters.md)"
        )
    return Weights(source=weights.source, file=file, sha256=found)


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file: of what it has now, read once for many trials."""
    facts = file.stat()
    return hash_content(file, facts.st_mtime_ns, facts.st_size)


@cache
def hash_content(file: Path, changed: int, size: int) -> str:
    """Return the SHA-256 of a file that was changed then and has this size."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
