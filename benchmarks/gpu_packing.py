"""Trials per hour on one GPU: 1, 2, 4 and 8 of ours side by side, and the published loop alone.

ResNet-18 on noise in the shape of CIFAR-10, batches of 128, each process with its own network. The
published loop is torchvision's network in float32 with a DataLoader of 8 workers and loss.item() at
every step, one trial on the GPU. A trial is 200 epochs of 45,000 images, extrapolated from its
steps. `--device cpu --small` runs the same code on a tiny network, without the bar.
"""

import os
import sys
import time

from benchmarks.bar import SHORT, bar
from benchmarks.gpu import machine, network, parse
from benchmarks.packing import TRIAL_STEPS
from benchmarks.step import BATCH, Reference
from benchmarks.telemetry import random_images
from nvp.planning.cost.fastest_precision import read_clock
from nvp.planning.cost.gpu_sharing import measure_sharing

COUNTS = (1, 2, 4, 8)
SECONDS = 20.0
WORKERS = 8


def main() -> int:
    arguments = parse(__doc__)
    small = arguments.small
    print(f"    {machine(arguments.device)}")
    theirs = measure_published(arguments.device, small=small)
    print(f"    the published loop: {theirs:.2f} trials per hour", flush=True)
    config = network(True, precision="float32") if small else network(False)
    found = []
    for count in COUNTS[:2] if small else COUNTS:
        packed = measure_sharing(config, arguments.device, count, 1.0 if small else SECONDS)
        found.append(3600 * packed.rate / TRIAL_STEPS)
        print(f"    {count} processes: {found[-1]:.2f} trials per hour, "
              f"{packed.memory / 2**30:.2f} GiB each at most", flush=True)  # fmt: skip
    if small:
        return 0  # another network than theirs
    holds = [
        bar("gpu.trials_per_hour_over_published", max(found) / theirs, ">=", 10),
        bar("gpu.packing_gain", max(found) / found[0], ">=", 1),
    ]
    return 0 if all(holds) else SHORT


def measure_published(device: str, *, small: bool) -> float:
    """Return the trials per hour of the published loop."""
    images = random_images(256 if small else 45_000, (3, 32, 32))
    workers = 0 if small else min(WORKERS, os.cpu_count() or 1)
    step = Reference(images, device=device, workers=workers, batch=8 if small else BATCH)
    limit, steps = (0.0 if small else SECONDS), 0
    step()  # allocates; its workers start
    read_clock(device)  # waits for the GPU, as at the end
    start = time.perf_counter()
    while steps == 0 or (time.perf_counter() - start < limit and steps < len(step.loader) - 1):
        step()
        steps += 1
    read_clock(device)
    return 3600 * steps / (time.perf_counter() - start) / TRIAL_STEPS


if __name__ == "__main__":
    sys.exit(main())
