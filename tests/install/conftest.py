"""The wheel, an environment with it, and a user's folder, made once for all tests of a session.

The files of the first part of docs/extending.md are written into an empty folder outside of the
repository, and its commands are run there, those of a chapter in their order. Nothing of nvp is
copied or changed.
"""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.docs.recipes import OWN, blocks_of, commands_of
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
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a user's folder with the files of the page."""
    folder = share(tmp_path_factory) / "mine"
    with FileLock(f"{folder}.lock"):
        if not (folder / "written").exists():
            write_files(folder)
            (folder / "written").touch()
    return folder


@pytest.fixture(scope="session")
def follow(own_folder: Path, bin_folder: Path) -> Callable[[str], Path]:
    """Return what runs the commands of one chapter, once a session, in `own_folder`."""

    def run_chapter(chapter: str) -> Path:
        with FileLock(f"{own_folder}.lock"):
            if not (own_folder / OUTPUTS / chapter).exists():
                for number, line in enumerate(commands_of(chapter)):
                    program, *words = shlex.split(line)
                    imports = "loudness.py" in words
                    done = run(own_folder, bin_folder / program, *words, imports=imports)
                    text = f"{line}\n{done.stdout}{done.stderr}"
                    (own_folder / OUTPUTS / f"{chapter}-{number}.txt").write_text(text)
                (own_folder / OUTPUTS / chapter).touch()
        return own_folder

    return run_chapter


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
