"""docs/clusters.md followed to the letter: its `bash` blocks, on emulated hosts."""

import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.hosts import Host
from tests.conftest import ROOT

logger = logging.getLogger(__name__)
LIMIT = 420.0
SYNCED = ("nvp", "studies", "pyproject.toml", "README.md", "cluster-ssh.yaml")


def commands(values: dict[str, str], page: str = "docs/clusters.md") -> list[str]:
    """Return the commands of a page's `bash` blocks in order, with a person's `values`."""
    text = (ROOT / page).read_text()
    for word, value in values.items():
        text = text.replace(word, value)
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def copy_project(place: Path, *more: str) -> Path:
    """Copy what the YAML, its reader and the studies need, and `more`; return where."""
    ignored = shutil.ignore_patterns("__pycache__")
    place.mkdir(exist_ok=True)
    for name in (*SYNCED, *more):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, place / name)
    return place


def own_values(hosts: list[Host], key: Path) -> dict[str, str]:
    """Return what a person writes in the place of what the document says to replace."""
    return {
        "YOUR-HEAD": hosts[0].address,
        "YOUR-WORKER-1": hosts[1].address,
        "YOUR-WORKER-2": hosts[2].address,
        "YOUR-USER": "root",
        "YOUR-BUCKET": "bucket",
        "~/.ssh/id_ed25519": str(key),
    }


def fill_in(path: Path, values: dict[str, str]) -> None:
    """Replace each key of `values`, all of which a file has, by its value."""
    text = path.read_text()
    for word, value in values.items():
        assert word in text
        text = text.replace(word, value)
    path.write_text(text)


@dataclass
class Walk:
    """What a person did and saw: `outputs` of the commands, in order."""

    project: Path
    hosts: list[Host]
    environment: dict[str, str]
    outputs: list[tuple[str, int, str]] = field(default_factory=list)
    refused: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def start(self, command: str, **more: str) -> subprocess.Popen[str]:
        """Start a command in the project's folder."""
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.project,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def do(self, command: str, meanwhile: Callable[[subprocess.Popen[str]], None] | None = None):
        """Run a command to its end; `meanwhile` acts while it runs."""
        begin = time.monotonic()
        process = self.start(command)
        try:
            if meanwhile:
                meanwhile(process)
            output, _ = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        logger.info("%.0f s: %s", time.monotonic() - begin, command)
        self.outputs.append((command, process.returncode, output))
        assert process.returncode == 0, f"{command}\n{output[-6000:]}"

    def said(self, word: str) -> list[str]:
        """Return the outputs of the commands with `word` in them, in order."""
        return [output for command, _, output in self.outputs if word in command]

    def ray_processes(self) -> list[str]:
        """Return the command lines of Ray that run on any host."""
        words = ("raylet", "gcs_server", "ray::", "/ray/")
        return [line for host in self.hosts for line in host.processes(*words).values()]


def environment(folder: Path, storage: str, bucket: dict[str, str]) -> dict[str, str]:
    """Return the environment of a person who has a home of their own."""
    home, temporary = folder / "home", folder / "tmp"
    for place in (home, temporary):
        place.mkdir()
    mine = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    own = {
        "HOME": str(home),
        "RAY_TMPDIR": str(temporary),
        "TMPDIR": str(temporary),
        "RAY_USAGE_STATS_ENABLED": "0",
        "NVP_STORAGE": storage,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{folder / 'project'}:{os.environ.get('PYTHONPATH', '')}",
    }
    return mine | bucket | own
