"""Every bar of the speed of whole trials and commands: `NVP_DATA=... python -m benchmarks.speed`.

The machine has to be quiet: two of these compare by the clock. ROUNDS=1 runs each once. Without
NVP_DATA those that need MNIST or CIFAR-10 are left out, and named.
"""

import os
import subprocess
import sys
from importlib.util import find_spec

# of a benchmark: whether it needs data; `measures` is what measures on request cost
NEEDS_DATA = {
    "plain_tune": False,
    "plain_tune.compare_mnist": True,
    "measures": False,
    "small_mlps": True,
    "whole_trial": True,
}

if __name__ == "__main__":
    codes = []
    for name, needs_data in NEEDS_DATA.items():
        if find_spec(f"benchmarks.{name}") is None or (needs_data and "NVP_DATA" not in os.environ):
            print(f"left out: {name}, which {'needs NVP_DATA' if needs_data else 'is not there'}")
            continue
        codes.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode)
    sys.exit(max(codes))
