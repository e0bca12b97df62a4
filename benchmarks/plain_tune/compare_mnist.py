"""Eight trials of a laptop study, by nvp and by Ray Tune alone: each as one whole command.

`NVP_DATA=data python -m benchmarks.plain_tune.compare_mnist`; ROUNDS=1 runs each once.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from benchmarks.bar import SHORT, bar, spread
from benchmarks.plain_tune.compare import ROUNDS, timed
from nvp.data import data_root
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

HERE = Path(__file__).parent
SCRIPT, STUDY = HERE / "mnist_script.py", HERE / "mnist_study.py"
# of mnist_script.py: what we are compared with does not change
FROZEN = "9786158ed7ab2de09fd5fa2fc7c6e9122bc6ad3f4b7727c6d208a80439f87189"


def run_round() -> dict[str, float]:
    """Return the seconds of each of the three commands."""
    root = data_root()
    with tempfile.TemporaryDirectory() as place:
        seconds = {
            "nvp": timed(STUDY, "--preset", "laptop", "--storage", f"{place}/nvp"),
            "plain": timed(SCRIPT, root, f"{place}/plain", RAY_ADDRESS="local"),
            "tensors": timed(SCRIPT, root, f"{place}/tensors", "--tensors", RAY_ADDRESS="local"),
        }
        rows = read_index(open_study(f"{place}/nvp", "mnist_study", "laptop")).rows
        assert [row["status"] for row in rows.values()] == ["done"] * 8
        for kind in ("plain", "tensors"):
            assert Path(place, kind, "results.csv").read_text().count("\n") == 9, kind
    return seconds


def main() -> int:
    """Print the seconds and the ratios; return SHORT where the bar is missed."""
    found = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()
    assert found == FROZEN, f"mnist_script.py was changed: {found}"
    rounds = [run_round() for _ in range(ROUNDS)]
    for kind in rounds[0]:
        spread(kind, [one[kind] for one in rounds], "s")
    ratios = {
        kind: spread(f"nvp over {kind}", [one["nvp"] / one[kind] for one in rounds], "x")
        for kind in ("plain", "tensors")
    }
    return 0 if bar("plain_tune.mnist", ratios["plain"], "<=", 0.5) else SHORT


if __name__ == "__main__":
    sys.exit(main())
