"""GPU sharing: how many trials should share a device, measured with real processes.

Trials that share a GPU fill the gaps that each leaves; past some number they only queue, or run out
of memory. Without CUDA MPS their kernels take turns, and the gain is smaller.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import torch

from nvp.config.identity import find_changes
from nvp.config.trial_config import TrialConfig
from nvp.config.user_modules import run_module
from nvp.data import data_root, read_trial_facts
from nvp.training.build import build_untrained, random_images, set_up_process
from nvp.training.length import Length
from nvp.training.loop import train
from nvp.training.step import train_epoch

COUNTS = (1, 2, 4, 8)
GAIN = 1.1  # factor in steps per second that one more doubling has to bring
ROOM = 0.9  # fraction of the memory that trials may fill together
STEPS = 20


@dataclass(frozen=True)
class Sharing:
    """The speed and memory of `count` processes on one device, all started at once.

    Attributes:
        count: number of processes.
        rate: steps per second of all together.
        memory: peak of one process, bytes; 0 on a CPU.
    """

    count: int
    rate: float
    memory: int


def propose_count(config: TrialConfig, device: str) -> tuple[int, list[Sharing]]:
    """Return how many trials like `config` to put on a device, and what was measured for it.

    The number is doubled while that brings 10 % more steps per second and fits into memory.

    Raises:
        ValueError: when there is no such device here.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "--gpus-per-trial: expected a GPU here to measure how many trials should share one, "
            "got none; say 1 or 1/k, or run the driver on a machine with one"
        )
    total = torch.cuda.mem_get_info()[1] if device == "cuda" else 0
    found: list[Sharing] = []
    for count in COUNTS:
        if found and total and count * found[0].memory > ROOM * total:
            break
        found.append(measure_sharing(config, device, count))
        if len(found) > 1 and found[-1].rate < GAIN * found[-2].rate:
            return found[-2].count, found
    return found[-1].count, found


def measure_sharing(config: TrialConfig, device: str, count: int, seconds: float = 5.0) -> Sharing:
    """Train `count` networks at once, each in a process of its own, on noise."""
    command = [
        *run_module("nvp.planning.cost.gpu_sharing"),
        device,
        json.dumps(find_changes(config)),
    ]
    workers = [
        subprocess.Popen(
            [*command, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for worker in workers:
        if worker.stdout is None or worker.stdout.readline() != "ready\n":
            raise RuntimeError("a process ended before it was ready; its error is above")
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    found = [json.loads(worker.communicate()[0]) for worker in workers]
    return Sharing(
        count=count,
        rate=sum(worker["rate"] for worker in found),
        memory=max(worker["memory"] for worker in found),
    )


def take_steps(config: TrialConfig, device: str, seconds: float) -> dict[str, float]:
    """Take steps for `seconds` once a line comes in; return their rate and the peak memory.

    The peak covers a probe pass and a validation, which come before.
    """
    set_up_process(device)
    config = replace(config, data=replace(config.data, task="none"))  # noise has no classes
    facts, batch = read_trial_facts(config.data, data_root()), config.data.batch_size
    data = random_images(facts, max(STEPS * batch, config.probe.size)).to(device)
    state = build_untrained(config, data, device)
    records = train(config, data, state)
    for _ in range(2):  # warm: the initial network and the first epoch
        next(records)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    start, before = time.perf_counter(), state.step
    while time.perf_counter() - start < seconds or state.step == before:
        state.epoch += 1
        train_epoch(config, data.train, state, state.epoch, length=Length())
    rate = (state.step - before) / (time.perf_counter() - start)
    return {"rate": rate, "memory": torch.cuda.max_memory_reserved() if device == "cuda" else 0}


def main() -> None:
    """Be one of several processes on a device."""
    parser = argparse.ArgumentParser(
        description="One of the processes that `measure_sharing` starts."
    )
    parser.add_argument("device")
    parser.add_argument("changed", help="the configuration's differences from the defaults, JSON")
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()
    endless = {"epochs": 1_000_000, "steps": 0, "probe.every": 1}
    config = TrialConfig().with_overrides(json.loads(arguments.changed) | endless)
    sys.stdout.write(json.dumps(take_steps(config, arguments.device, arguments.seconds)))


if __name__ == "__main__":
    main()
