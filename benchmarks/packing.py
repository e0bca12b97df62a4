"""Trials per hour of several processes on one machine, a thread each, against one process.

ResNet-18 of width 1/4 in batches of 32, whole epochs of a small set: steps, probe pass and
validation. All workers start at once; their rates are added. A trial is 200 epochs of 45,000
images, extrapolated from the images seen. Runs of one and of n processes in turn, the clock, so:
on a quiet machine only. benchmarks/gpu.py packs a GPU with the same workers.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import torch

from benchmarks.bar import bar, spread
from benchmarks.step import CONFIG
from benchmarks.telemetry import random_images
from nvp.build import build, set_up_process
from nvp.config import TrialConfig
from nvp.data.splits import Images, Splits
from nvp.train import train

ROUNDS = 3
TRIAL_IMAGES = 200 * 45_000
LOW = {"precision": "bfloat16", "layout": "channels_last"}


def resnet(small: bool, **changes: object) -> TrialConfig:
    """Return the configuration that is measured."""
    size = {"model.width": 0.25, "data.batch_size": 32} if small else {}
    return CONFIG.with_overrides({"epochs": 1000, "probe.size": 256} | size | changes)


def made_up(small: bool) -> Images:
    return random_images(640 if small else 45_000, (3, 32, 32))


def packed(count: int, flags: list[str]) -> float:
    """Return the trials per hour of `count` workers started at once."""
    command = [sys.executable, "-m", "benchmarks.packing", "--worker", *flags]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for worker in workers:
        if worker.stdout is None or worker.stdout.readline() != "ready\n":
            raise RuntimeError("a worker ended before it was ready; its error is above")
    found = [json.loads(out) for out in together(workers)]
    rate = sum(3600 * one["images_per_second"] / TRIAL_IMAGES for one in found)
    memory = max(one["memory"] for one in found) / 2**30
    print(
        f"    {count} processes: {rate:.3f} trials per hour, {memory:.2f} GiB each at most",
        flush=True,
    )
    return rate


def together(workers: list[subprocess.Popen[str]]) -> list[str]:
    """Let all start at once; return what each printed last."""
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [worker.communicate()[0] for worker in workers]


def work(arguments: argparse.Namespace) -> dict[str, float]:
    """Once told to, train whole epochs for `seconds`; return what that came to."""
    config = resnet(arguments.small, **LOW)
    train_images = made_up(arguments.small)
    val = train_images.select(slice(0, len(train_images) // 10))
    data = Splits(train_images, val, val, 10).to(arguments.device)
    epochs = train(config, data, build(config, data, arguments.device))
    for _ in range(2):  # warm: epoch 0 and the first
        next(epochs)
    print("ready", flush=True)
    sys.stdin.readline()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < arguments.seconds or not done:
        next(epochs)
        done += 1
    rate = done * len(train_images) / (time.perf_counter() - start)
    memory = torch.cuda.max_memory_reserved() if arguments.device == "cuda" else 0
    return {"images_per_second": rate, "memory": memory}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", action="store_true", help="be one of the processes")
    parser.add_argument("--small", action="store_true", help="the small network and set")
    parser.add_argument("--device", default="cpu", choices=("cuda", "cpu"))
    parser.add_argument("--seconds", type=float, default=20.0, help="of every run")
    arguments = parser.parse_args()
    set_up_process(arguments.device)
    if arguments.worker:
        print(json.dumps(work(arguments)))
        return 0
    cores = len(os.sched_getaffinity(0))
    flags = ["--small", f"--seconds={arguments.seconds}"]
    ratios = []
    for _ in range(ROUNDS):
        alone = packed(1, flags)
        ratios.append(packed(cores, flags) / alone)
    speedup = spread(f"{cores} processes over one", ratios, "x")
    return int(not bar("packing.speedup_per_core", speedup / cores, ">=", 0.85))


if __name__ == "__main__":
    sys.exit(main())
