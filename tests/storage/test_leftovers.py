"""What a process leaves that dies between a trial's row and the removal of its checkpoints."""

import subprocess
import sys
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT
from tests.in_process import run_main
from tests.small_forks import STUDY

FLAGS = ("--preset", "quick", "--no-ray", "--seeds", "1")
KILLED = """
import os
from nvp.storage.store import Storage
from tests.in_process import run_main
from tests.small_forks import STUDY
Storage.delete_folder = lambda storage, name: os.kill(os.getpid(), 9)
run_main(STUDY, {place!r}, *{flags})
"""


def test_the_next_start_removes_them_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_CHECKPOINT_SECONDS", "0")
    storage = open_study(str(tmp_path), "small_forks", "quick")

    def kept() -> set[str]:
        return {name.split("/")[1] for name in storage.files("checkpoints")}

    def run(*flags: str) -> int:
        return run_main(STUDY, tmp_path, *FLAGS, *flags).returncode

    killed = [sys.executable, "-c", KILLED.format(place=str(tmp_path), flags=FLAGS)]
    assert subprocess.run(killed, cwd=ROOT, capture_output=True, timeout=300).returncode == -9
    rows = read_index(storage).rows
    (fork,) = [name for name, row in rows.items() if not row["checkpoint_kept"]]
    assert rows[fork]["status"] == "done"
    parents = rows.keys() - {fork}
    assert kept() == {fork, *parents}
    assert run() == 0
    assert len(read_index(storage).rows) == 5
    assert kept() == parents, "one that is asked for is gone, or one that nobody asked for stays"
    assert run("--seeds", "2", "--keep-checkpoints") == 0
    more = kept()
    assert more > parents
    assert len(more) == 10, "finished trials without a checkpoint did not run again for it"
    assert run("--seeds", "2") == 0
    assert kept() == more, "a start without the flag took what an earlier one had asked for"
