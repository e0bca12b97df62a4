"""Trials per hour of a process on every core, a thread each, against one process.

ResNet-18 of width 1/4 in batches of 32: training steps with their data. All processes start at once
and their rates are added; runs of one and of n processes in turn, by the clock, so: on a quiet
machine only. benchmarks/gpu_packing.py packs a GPU in the same way.
"""

import sys

from benchmarks.bar import bar, spread
from benchmarks.step import CONFIG
from nvp.config.cores import count_cores
from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.gpu_sharing import measure_sharing

ROUNDS, SECONDS = 3, 20.0
TRIAL_STEPS = 200 * 351  # 200 epochs of 45,000 images in batches of 128
LOW = {"precision": "bfloat16", "layout": "channels_last"}


def resnet(small: bool, **changes: object) -> TrialConfig:
    """Return the configuration that is measured."""
    size = {"model.width": 0.25, "data.batch_size": 32} if small else {}
    return CONFIG.with_overrides({"probe.size": 256} | size | LOW | changes)


def main() -> int:
    cores = count_cores()
    ratios = []
    for _ in range(ROUNDS):
        alone, together = (
            measure_sharing(resnet(True), "cpu", n, SECONDS).rate for n in (1, cores)
        )
        print(f"    {alone:.2f} steps a second alone, {together:.2f} on {cores} cores", flush=True)
        ratios.append(together / alone)
    speedup = spread(f"{cores} processes over one", ratios, "x")
    return int(not bar("packing.speedup_per_core", speedup / cores, ">=", 0.85))


if __name__ == "__main__":
    sys.exit(main())
