"""What a process leaves that dies between a trial's row and the removal of its checkpoints."""

import os
import subprocess
import sys
from pathlib import Path

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT

RUN = "from tests.small_forks import STUDY; from nvp.study.study import main; main(STUDY, {flags})"
KILLED = """
import os
from nvp.storage.store import Storage
Storage.delete_folder = lambda storage, name: os.kill(os.getpid(), 9)
"""


def run(place: Path, *flags: str, before: str = "") -> int:
    flags = ("--preset", "quick", "--storage", str(place), "--no-ray", *flags)
    command = [sys.executable, "-c", before + RUN.format(flags=list(flags))]
    often = os.environ | {"NVP_CHECKPOINT_SECONDS": "0"}
    return subprocess.run(command, env=often, cwd=ROOT, capture_output=True, timeout=300).returncode


def test_the_next_start_removes_them_and_no_others(tmp_path: Path) -> None:
    storage = open_study(str(tmp_path), "small_forks", "quick")

    def kept() -> set[str]:
        return {name.split("/")[1] for name in storage.files("checkpoints")}

    assert run(tmp_path, before=KILLED) == -9
    rows = read_index(storage).rows
    (fork,) = [name for name, row in rows.items() if not row["checkpoint_kept"]]
    assert rows[fork]["status"] == "done"
    parents = rows.keys() - {fork}
    assert kept() == {fork, *parents}
    assert run(tmp_path) == 0
    assert len(read_index(storage).rows) == 10
    assert kept() == parents, "one that is asked for is gone, or one that nobody asked for stays"
    assert run(tmp_path, "--seeds", "3", "--keep-checkpoints") == 0
    more = kept()
    assert more > parents
    assert len(more) == len(parents) + 5
    assert run(tmp_path, "--seeds", "3") == 0
    assert kept() == more, "a start without the flag took what an earlier one had asked for"
