"""Trials of an MLP 256-256 on MNIST, stacked into one batched model, over a process on every core.

`python -m benchmarks.stacked_mlp [--device cuda]`, by the clock, so: on a quiet machine only. The
images are noise, of MNIST's shape. Packing is what a study does: a process on every core, a thread
each, that trains one trial at a time with the engine's own steps. Stacked: as many processes, and
each trains `count` trials as one batched model (`benchmarks.stacked`), every trial with its own
seed, learning rate and batches from the engine's own data. The batched model has neither masks nor
noise nor a gradient rule, so what it gains is the most that stacking could. On a GPU two processes
share it.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any

import torch

from benchmarks.bar import SHORT, bar, spread
from benchmarks.stacked import Stacked
from nvp.config.cores import count_cores
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.data.batches import train_batches
from nvp.data.splits import Splits
from nvp.models import build_model
from nvp.training.build import build_untrained, random_images, set_up_process
from nvp.training.length import Length
from nvp.training.step import train_epoch

ENOUGH, COUNTS = 1.5, (2, 4, 8, 16)
CASES = (("adam", 128), ("sgd", 128), ("sgd", 16))  # the laptop studies have the first
EPOCH = 100  # steps
CONFIG = TrialConfig(epochs=1_000_000).with_overrides(
    {"data.name": "mnist", "model.name": "mlp", "model.width": 2.0, "model.norm": "none"}
)


def train_one(config: TrialConfig, data: Splits, device: str) -> Iterator[int]:
    """Train a trial with the engine's steps, an epoch at a time; yield the number of its steps."""
    state = build_untrained(config, data, device)
    while True:
        before = state.step
        state.epoch += 1
        train_epoch(config, data.train, state, state.epoch, length=Length())
        yield state.step - before


def train_stack(config: TrialConfig, data: Splits, device: str, count: int) -> Iterator[int]:
    """Train `count` trials as one, an epoch at a time; yield how many steps they took in all."""
    models = [
        build_model(config.model, data.train.shape, data.num_classes, seed=seed).to(device)
        for seed in range(count)
    ]
    rates = [config.optim.lr * (1 + seed / count) for seed in range(count)]
    stack, epoch = Stacked(models, rates, config.optim), 0
    while True:
        epoch += 1
        each = [train_batches(data.train, config.data, seed=k, epoch=epoch) for k in range(count)]
        taken = 0
        for batches in zip(*each, strict=True):
            pixels, labels = map(torch.stack, zip(*batches, strict=True))
            stack(pixels, labels)
            taken += count
        yield taken


def measure_rate(
    config: TrialConfig, device: str, count: int, start: Barrier, seconds: float
) -> float:
    """Return the steps of trials a second, in one process that starts with the others."""
    set_up_process(device)
    facts = read_trial_facts(config.data, data_root())
    data = random_images(facts, EPOCH * config.data.batch_size).to(device)
    steps = train_stack(config, data, device, count) if count else train_one(config, data, device)
    next(steps)
    start.wait()
    begin, taken = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        taken += next(steps)
    return taken / passed


def work(found: "SimpleQueue[float]", *arguments: Any) -> None:
    """Be one of the processes."""
    found.put(measure_rate(*arguments))


def measure_all(
    config: TrialConfig, device: str, count: int, processes: int, seconds: float
) -> float:
    """Return the steps of trials a second of all processes; `count` 0 = of single trials."""
    context = multiprocessing.get_context("spawn")
    start, found = context.Barrier(processes), context.SimpleQueue()
    arguments = (found, config, device, count, start, seconds)
    workers = [context.Process(target=work, args=arguments) for _ in range(processes)]
    for worker in workers:
        worker.start()
    rates = [found.get() for _ in workers]
    for worker in workers:
        worker.join()
    return sum(rates)


def compare(case: tuple[str, int], device: str, processes: int, *, small: bool) -> float:
    """Print how much faster each stack is than single trials; return the best median."""
    optimizer, batch = case
    config = CONFIG.with_overrides({"optim.name": optimizer, "data.batch_size": batch})
    rounds, seconds, counts = (1, 0.2, COUNTS[:1]) if small else (3, 5.0, COUNTS)
    ratios: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        alone = measure_all(config, device, 0, processes, seconds)
        for count, found in ratios.items():
            found.append(measure_all(config, device, count, processes, seconds) / alone)
    return max(
        spread(f"{optimizer}, batches of {batch}, stacks of {count} over packing", found, "x")
        for count, found in ratios.items()
    )


def main() -> int:
    """Print the gains of each case; a bar holds where stacking pays."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--small", action="store_true", help="seconds, to try the code")
    arguments = parser.parse_args()
    processes = count_cores() if arguments.device == "cpu" else 2
    holds = []
    for case in CASES[:1] if arguments.small else CASES:
        gain = compare(case, arguments.device, processes, small=arguments.small)
        holds.append(bar(f"stacked_mlp.{case[0]}_{case[1]}", gain, ">=", ENOUGH))
    return 0 if all(holds) or arguments.small else SHORT


if __name__ == "__main__":
    sys.exit(main())
