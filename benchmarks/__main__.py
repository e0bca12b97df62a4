"""Run every benchmark; exit 1 when a bar is short: `python -m benchmarks`."""

import subprocess
import sys

MODULES = (
    "house",
    "data_path",
    "step",
    "telemetry",
    "measures",
    "adopted",
    "nn_relief",
    "shrink",
    "shrunk_run",
    "stacked",
    "stacked_mlp",
    "packing",
    "quick_study",
    "time_left",
    "plan_scale",
    "report",
    "explore",
    "trackers",
    "overhead",
    "memory",
    "kills",
)

if __name__ == "__main__":
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{module}"]).returncode
        for module in MODULES
    ]
    sys.exit(int(any(codes)))
