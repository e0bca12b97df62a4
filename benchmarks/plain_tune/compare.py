"""Whole commands in turn: nvp's study, Ray Tune alone, and Ray Tune that keeps its actors.

Each starts a Ray of its own and ends with a table of all trials on disk. Ours writes more: five
tables with every neuron, and checkpoints from which a killed sweep continues.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.bar import SHORT, bar, spread
from nvp.config.trial_config import DataConfig
from nvp.data import data_root, load_trial_splits
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

HERE = Path(__file__).parent
SCRIPT, STUDY = HERE / "script.py", HERE / "study.py"
# of script.py: what we are compared with does not change
FROZEN = "be5c04f94066a27e1b0a03dd0214fa85bb9a81ce38aab3ad4e0b0e96a97d4cad"
ROUNDS = int(os.environ.get("ROUNDS", 3))


def write_digits(file: Path) -> None:
    """Write the images and labels of the three splits, as the trials of nvp have them."""
    splits = load_trial_splits(DataConfig(name="digits"), data_root(), "cpu")
    arrays = {}
    for name in ("train", "val", "test"):
        images = getattr(splits, name)
        arrays |= {f"{name}_pixels": images.pixels.numpy(), f"{name}_labels": images.labels.numpy()}
    np.savez(file, **arrays)


def timed(*command: object, **environment: str) -> float:
    """Run a command of Python; return its wall seconds."""
    start = time.perf_counter()
    words = [sys.executable, *map(str, command)]
    subprocess.run(words, env=os.environ | environment, check=True, capture_output=True)
    return time.perf_counter() - start


def run_round(digits: Path) -> dict[str, float]:
    """Return the seconds of each of the three commands."""
    with tempfile.TemporaryDirectory() as place:
        seconds = {
            "nvp": timed(STUDY, "--preset", "quick", "--storage", f"{place}/nvp"),
            "plain": timed(SCRIPT, digits, f"{place}/plain", RAY_ADDRESS="local"),
            "reused": timed(SCRIPT, digits, f"{place}/reused", "--reuse", RAY_ADDRESS="local"),
        }
        rows = read_index(open_study(f"{place}/nvp", "plain_tune", "quick")).rows
        assert [row["status"] for row in rows.values()] == ["done"] * 36
        for kind in ("plain", "reused"):
            assert Path(place, kind, "results.csv").read_text().count("\n") == 37, kind
    return seconds


def main() -> int:
    """Print the seconds and the two ratios; return SHORT where a bar is missed."""
    found = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()
    assert found == FROZEN, f"script.py was changed: {found}"
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder, "digits.npz")
        write_digits(digits)
        rounds = [run_round(digits) for _ in range(ROUNDS)]
    for kind in rounds[0]:
        spread(kind, [one[kind] for one in rounds], "s")
    ratios = {
        kind: spread(f"nvp over {kind}", [one["nvp"] / one[kind] for one in rounds], "x")
        for kind in ("plain", "reused")
    }
    holds = [
        bar("plain_tune.over_plain", ratios["plain"], "<=", 0.33),
        bar("plain_tune.over_reused", ratios["reused"], "<=", 0.65),
    ]
    return 0 if all(holds) else SHORT
