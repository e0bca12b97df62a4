"""Run every benchmark; exit 1 when a bar is short: `python -m benchmarks`."""

import subprocess
import sys

MODULES = (
    "data_path",
    "telemetry",
    "nn_relief",
    "shrink",
    "shrunk_run",
    "quick_study",
    "plan_scale",
)

if __name__ == "__main__":
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{module}"]).returncode
        for module in MODULES
    ]
    sys.exit(int(any(codes)))
