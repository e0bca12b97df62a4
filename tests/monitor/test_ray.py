"""The example of docs/monitor.md: monitors inside of a Ray Tune script, on a real Ray."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nvp
from tests.conftest import ROOT
from tests.docs.pages import blocks


@pytest.mark.minutes
def test_trials_of_tune_write_one_study(tmp_path: Path) -> None:
    (block,) = [b for b in blocks(ROOT / "docs/monitor.md") if b.file == "my/tuned.py"]
    script = tmp_path / "tuned.py"
    script.write_text(block.text)
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path)},  # Tune keeps its own results below it
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    frames = nvp.load(str(tmp_path / "results"), "tuned")
    assert frames.swept == ["optim.lr", "seed"]
    assert sorted(zip(frames.trials["optim.lr"], frames.trials["seed"], strict=True)) == [
        (0.1, 0), (0.1, 1), (10.0, 0), (10.0, 1)
    ]  # fmt: skip
    assert set(frames.trials["status"]) <= {"done", "diverged"}
    assert len(frames.study["starts"]) == 4
