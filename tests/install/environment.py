"""An environment of its own, in which the wheel is the only nvp.

It sees the packages that nvp needs in the environment that runs the tests, and not nvp itself.
"""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.conftest import ROOT

OUTPUTS = "outputs"  # folder of what each command of the page wrote
KEPT_AWAY = ("PYTHONPATH", "NVP_STORAGE", "NVP_DATA", "PYTEST_ADDOPTS")


def build_wheel(folder: Path) -> Path:
    """Build the wheel into a folder; return its path."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def install_wheel(wheel: Path, home: Path) -> Path:
    """Make an environment with the wheel and what it needs; return its folder of commands."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.check_output(where, text=True).strip())
    # a plain path: the .pth of an editable nvp that lies there is not followed
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return home / "bin"


def run(folder: Path, *command: object, imports: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder, with nothing of this repository in its environment.

    With `imports`, its errors list what it imported (`list_imports`).
    """
    environment = {name: value for name, value in os.environ.items() if name not in KEPT_AWAY}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment
        | {"OMP_NUM_THREADS": "1", "PYTHONPROFILEIMPORTTIME": "1" if imports else ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def list_imports(errors: str) -> set[str]:
    """Return the modules that a command imported, from what it wrote of its imports."""
    return set(re.findall(r"\| +(\S+)$", errors, re.MULTILINE))


def output_of(own_folder: Path, command: str) -> str:
    """Return what a command of the page wrote; `command` is how it begins."""
    texts = [path.read_text() for path in sorted((own_folder / OUTPUTS).glob("*.txt"))]
    (found,) = (text for text in texts if text.startswith(command))
    return found
