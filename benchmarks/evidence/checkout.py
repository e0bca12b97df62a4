"""A checkout of one commit, in which studies run: edits meanwhile change nothing of theirs."""

import subprocess
from pathlib import Path

CODE, COMMIT = "code", "commit.txt"


def check_out(repository: Path, place: Path, commit: str = "") -> Path:
    """Return the folder of the code below `place`; it is made when there is none.

    Args:
        repository: a clone of nvp with the commit.
        place: where the tables of the evidence are, too.
        commit: a name of git's; "" = that of the place, else the newest one.

    Raises:
        ValueError: the tables of the place are of another commit, or git knows no such one.
    """
    kept = place / COMMIT
    known = kept.read_text().strip() if kept.exists() else ""
    wanted = resolve(repository, commit) if commit else known or resolve(repository, "HEAD")
    if known and wanted != known:
        raise ValueError(
            f"--commit: expected {known[:12]}, whose tables are in {place}, got {wanted[:12]}; "
            "name another --place, or remove this one"
        )
    if not known:
        place.mkdir(parents=True, exist_ok=True)
        run_git(repository, "clone", "--quiet", "--shared", ".", str((place / CODE).absolute()))
        run_git(place / CODE, "checkout", "--quiet", "--detach", wanted)
        kept.write_text(f"{wanted}\n")  # last: a clone that was interrupted is no checkout
    return place / CODE


def resolve(repository: Path, name: str) -> str:
    """Return the hash of a commit.

    Raises:
        ValueError: git knows no such commit.
    """
    try:
        return run_git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")
    except subprocess.CalledProcessError:
        raise ValueError(f"--commit: expected a commit of {repository}, got {name!r}") from None


def run_git(folder: Path, *arguments: str) -> str:
    """Return what a command of git prints."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
