"""Eight trials of a laptop study, by nvp and by Ray Tune alone: each as one whole command.

`NVP_DATA=data python -m benchmarks.plain_tune.compare_mnist`; ROUNDS=1 runs each once.
"""

import sys
from pathlib import Path

from benchmarks.bar import SHORT, bar
from benchmarks.plain_tune.compare import ROUNDS, check_frozen, run_round, show_ratios
from nvp.data import data_root

HERE = Path(__file__).parent
SCRIPT, STUDY = HERE / "mnist_script.py", HERE / "mnist_study.py"
# of mnist_script.py: what we are compared with does not change
FROZEN = "9786158ed7ab2de09fd5fa2fc7c6e9122bc6ad3f4b7727c6d208a80439f87189"


def main() -> int:
    """Print the seconds and the ratios; return SHORT where the bar is missed."""
    check_frozen(SCRIPT, FROZEN)
    kinds, ours = {"plain": [], "tensors": ["--tensors"]}, (STUDY, "mnist_study", "laptop")
    rounds = [run_round(ours, SCRIPT, data_root(), kinds, 8) for _ in range(ROUNDS)]
    ratios = show_ratios(rounds)
    return 0 if bar("plain_tune.mnist", ratios["plain"], "<=", 0.5) else SHORT


if __name__ == "__main__":
    sys.exit(main())
