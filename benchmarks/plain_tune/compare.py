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


def run_round(
    ours: tuple[Path, str, str], script: Path, data: Path, kinds: dict[str, list[str]], trials: int
) -> dict[str, float]:
    """Return the seconds of our command, as "nvp", and of each kind of the script's.

    Args:
        ours: the script of the study, its name, and the preset that runs.
        script: the one of Ray Tune alone.
        data: its first argument.
        kinds: {name: its flags}.
        trials: how many each of the commands has to finish.
    """
    study, name, preset = ours
    with tempfile.TemporaryDirectory() as place:
        seconds = {"nvp": timed(study, "--preset", preset, "--storage", f"{place}/nvp")}
        for kind, flags in kinds.items():
            words = (script, data, f"{place}/{kind}", *flags)
            seconds[kind] = timed(*words, RAY_ADDRESS="local")
            assert Path(place, kind, "results.csv").read_text().count("\n") == trials + 1, kind
        rows = read_index(open_study(f"{place}/nvp", name, preset)).rows
        assert [row["status"] for row in rows.values()] == ["done"] * trials
    return seconds


def check_frozen(script: Path, wanted: str) -> None:
    """Raise AssertionError for a script that is no longer what we were compared with."""
    found = hashlib.sha256(script.read_bytes()).hexdigest()
    assert found == wanted, f"{script.name} was changed: {found}"


def show_ratios(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Print the seconds of all rounds; return the median ratio of ours to each other command."""
    for kind in rounds[0]:
        spread(kind, [one[kind] for one in rounds], "s")
    return {
        kind: spread(f"nvp over {kind}", [one["nvp"] / one[kind] for one in rounds], "x")
        for kind in rounds[0]
        if kind != "nvp"
    }


def main() -> int:
    """Print the seconds and the two ratios; return SHORT where a bar is missed."""
    check_frozen(SCRIPT, FROZEN)
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder, "digits.npz")
        write_digits(digits)
        kinds, ours = {"plain": [], "reused": ["--reuse"]}, (STUDY, "plain_tune", "quick")
        rounds = [run_round(ours, SCRIPT, digits, kinds, 36) for _ in range(ROUNDS)]
    ratios = show_ratios(rounds)
    holds = [
        bar("plain_tune.over_plain", ratios["plain"], "<=", 0.33),
        bar("plain_tune.over_reused", ratios["reused"], "<=", 0.65),
    ]
    return 0 if all(holds) else SHORT
