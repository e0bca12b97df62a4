"""Python on an emulated host: this environment's packages, in a venv of its own."""

import subprocess
import sys
from pathlib import Path

RAY = """#!/root/nvp-venv/bin/python
from ray.scripts.scripts import main

main()
"""


def run(*command: str) -> None:
    """Run a command of the system, which has to succeed."""
    subprocess.run(command, check=True, capture_output=True, text=True)


def python_in(home: Path) -> str:
    """Return commands that keep this Python in sight where it lies below /root."""
    prefix = Path(sys.base_prefix)
    if not prefix.is_relative_to("/root"):
        return ""
    place = home / prefix.relative_to("/root")
    place.mkdir(parents=True)
    return f"mount --bind {prefix} {place}\n"


def install_python(home: Path) -> None:
    """Put ~/nvp-venv in a home: this environment's packages are there, nvp is not.

    Hosts reach no package index, so pip finds what it needs among these or fails.
    """
    venv = home / "nvp-venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    site = next(venv.glob("lib/python*/site-packages"))
    stdlib = Path(sys.base_prefix)
    places = [p for p in map(Path, sys.path) if p.is_dir() and not p.is_relative_to(stdlib)]
    packages = [str(place) for place in places if not (place / "nvp").is_dir()]
    (site / "packages.pth").write_text("\n".join(packages) + "\n")
    command = venv / "bin/ray"
    command.write_text(RAY)
    command.chmod(0o755)
    config = home / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nno-index = true\nno-build-isolation = false\n")
