"""Provenance of a start: commit, versions, host, devices, command line and the script's text."""

import hashlib
import os
import platform
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nvp.config.dotted_names import list_user_folders
from nvp.running.cells import is_in_cell, read_cells
from nvp.trial.versions import read_version

NVP = Path(__file__).parents[1]  # the folder of the package
PACKAGES = ("nvp", "torch", "torchvision", "ray", "optuna", "pyarrow", "numpy", "scikit-learn")


def ask_git(*arguments: str) -> str | None:
    """Return the output of a git command in this code's repository; None where there is none."""
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=NVP,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def describe_start(argv: list[str] | None = None) -> dict[str, Any]:
    """Return one entry of `starts` in study.json; plain JSON values.

    Args:
        argv: flags that say the same as a call from Python; None = the command line.
    """
    changes = ask_git("status", "--porcelain")
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "argv": sys.argv if argv is None else argv,
        "commit": ask_git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "versions": read_versions(),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "devices": list_devices(),
        "script": read_script(),
        "folders": list(list_user_folders()),
    }


def read_script() -> str | None:
    """Return the text of the script that runs, or the cells of a notebook; None: there is none."""
    script = Path(sys.argv[0])
    if script.suffix == ".py" and script.is_file() and not is_in_cell():
        return script.read_text()
    return read_cells()


def read_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {name: read_version(name) for name in PACKAGES} | {"python": sys.version.split()[0]}


@cache
def code_hash() -> str:
    """Return a checksum of nvp's own source files."""
    digest = hashlib.sha256()
    for path in sorted(NVP.rglob("*.py")):
        digest.update(str(path.relative_to(NVP)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def list_devices() -> list[str]:
    """Return the names of the local GPUs, or the CPU."""
    count = torch.cuda.device_count()
    gpus = [torch.cuda.get_device_name(index) for index in range(count)]
    return gpus or [f"{os.cpu_count()} x {platform.processor() or platform.machine()}"]
