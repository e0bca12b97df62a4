"""The whole list on a CPU, cut down to seconds, killed in the middle and called again."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.campaign.items import list_items
from benchmarks.campaign.merge import main as merge
from benchmarks.campaign.record import read_record
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from tests.conftest import ROOT
from tests.processes import kill_all, wait_for

CALL = [sys.executable, "-m", "benchmarks.campaign", "--device", "cpu", "--small"]


@pytest.mark.minutes
def test_killed_in_the_middle_it_continues_and_runs_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    call = [*CALL, "--minutes", "40", "--folder", str(folder), "--processes", "1"]
    items = list_items("cpu", folder, small=True)
    process = subprocess.Popen(
        call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    trials = folder / "studies/quick/neuron_sparsity/quick/trials"
    wait_for(lambda: len(list(trials.glob("*"))) >= 3, process, limit=900)
    kill_all(process)
    before = {file: file.read_text() for file in (folder / "records").glob("*.json")}
    assert 5 <= len(before) < len(items)
    finished = set(read_index(Storage.at(str(trials.parent))).rows)
    assert finished

    ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=3000)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {file: file.read_text() for file in before} == before, "what was done ran again"
    records = {item.name: read_record(folder, item) for item in items}
    assert {record["status"] for record in records.values()} == {"done"}
    continued = records["quick.neuron_sparsity"]["output"]
    assert f"{len(finished)} done, " in continued
    bundle = folder.with_name("campaign.tar.gz")
    assert bundle.stat().st_size < 4 * 2**20
    assert merge([str(bundle)]) == 2, "results of a CPU are no evidence of a GPU"
