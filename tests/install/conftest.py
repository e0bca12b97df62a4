"""The wheel, an environment with it, and a user's folder, made once for all tests of a session.

The files of the first part of docs/extending.md are written into an empty folder outside of the
repository, and its commands are run there in their order. Nothing of nvp is copied or changed.
"""

import os
import shlex
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.docs.recipes import OWN, blocks_of
from tests.install.environment import OUTPUTS, build_wheel, install_wheel, run


def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of a session share."""
    shared = tmp_path_factory.getbasetemp()
    return shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel in `wheel` and the environment in `environment`."""
    folder = share(tmp_path_factory) / "installed"
    with FileLock(f"{folder}.lock"):
        if not (folder / "finished").exists():
            (folder / "wheel").mkdir(parents=True)
            install_wheel(build_wheel(folder / "wheel"), folder / "environment")
            (folder / "finished").touch()
    return folder


@pytest.fixture(scope="session")
def wheel(installed: Path) -> Path:
    (found,) = (installed / "wheel").glob("*.whl")
    return found


@pytest.fixture(scope="session")
def bin_folder(installed: Path) -> Path:
    """Return the folder of commands of an environment with the wheel and what it needs."""
    return installed / "environment" / "bin"


@pytest.fixture(scope="session")
def own_folder(bin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's folder with the files of the page, in which its commands were run."""
    folder = share(tmp_path_factory) / "mine"
    with FileLock(f"{folder}.lock"):
        if not (folder / "finished").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed here
            write_files(folder)
            follow(folder, bin_folder)
            (folder / "finished").touch()
    return folder


def write_files(folder: Path) -> None:
    """Write the files of the page into a folder, beside a package `analysis` that is not ours."""
    (folder / OUTPUTS).mkdir(parents=True)
    (folder / "analysis").mkdir()
    (folder / "analysis/__init__.py").write_text("raise ImportError('the wrong analysis')")
    for block in blocks_of(OWN):
        if block.file:
            (folder / block.file).parent.mkdir(exist_ok=True)
            # a quarter of the images that deaths.py trains on
            (folder / block.file).write_text(block.text.replace("[:256]", "[:64]"))


def follow(folder: Path, bin_folder: Path) -> None:
    """Run the commands of the page in a folder with its files."""
    shell = [block.text for block in blocks_of(OWN) if block.language == "sh"]
    for number, line in enumerate("".join(shell).splitlines()):
        program, *words = shlex.split(line)
        done = run(folder, bin_folder / program, *words, imports="loudness.py" in words)
        text = f"{line}\n{done.stdout}{done.stderr}"
        (folder / OUTPUTS / f"{number}.txt").write_text(text)
