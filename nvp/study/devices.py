"""The device that trials run on, their share of it, and what is measured on it before a start."""

import argparse
from collections.abc import Callable
from typing import Any

import torch

from nvp.config.environment import read_choice
from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.gpu_sharing import propose_count
from nvp.planning.design import Design
from nvp.running.local import choose_device
from nvp.study.command_line import AUTO


def read_device(arguments: argparse.Namespace, design: Design) -> str:
    """Return the kind of device that trials run on: "cpu" or "cuda".

    NVP_DEVICE=cpu lets a cluster of declared GPUs be tried out where there are none.

    Raises:
        ValueError: NVP_DEVICE names another one.
    """
    if device := read_choice("NVP_DEVICE"):
        return device
    gpus = read_gpus(arguments, design)
    if arguments.no_ray:
        return choose_device(gpus)
    return "cuda" if gpus else "cpu"


def read_gpus(arguments: argparse.Namespace, design: Design) -> float:
    """Return the share of a GPU that each trial gets, from the flag, else from the design."""
    if arguments.gpus_per_trial is None:
        return design.gpus_per_trial
    return arguments.gpus_per_trial


def check_gpu(arguments: argparse.Namespace, design: Design) -> None:
    """Raise ValueError when trials want a GPU and only this machine could have one, which has not.

    A private Ray would wait for one for ever.
    """
    if arguments.no_ray or arguments.address or not read_gpus(arguments, design) or has_gpu():
        return
    asked = "the preset" if arguments.gpus_per_trial is None else "--gpus-per-trial"
    raise ValueError(
        f"{asked}: expected a GPU on this machine, got {describe_lack('none')}: --gpus-per-trial 0 "
        "runs trials on the CPU, and --address on a cluster"
    )


def has_gpu() -> bool:
    """Whether this machine has a GPU that torch can use."""
    return torch.cuda.is_available()


def describe_lack(nothing: str = "no GPU") -> str:
    """Return what a machine without a usable GPU has in its place: as a rule `nothing`."""
    apple = torch.backends.mps.is_available()
    return "an Apple GPU, which nvp does not support" if apple else nothing


def choose_gpus(trials: list[TrialConfig], arguments: argparse.Namespace, design: Design) -> float:
    """Return the share of a GPU that each trial gets; `auto` is measured and printed."""
    if arguments.no_ray:
        return 1.0
    gpus = read_gpus(arguments, design)
    if gpus != AUTO:
        return gpus
    largest = max(trials, key=lambda config: (config.data.batch_size, config.model.width))
    count, found = call_on_device("cuda", arguments.address, propose_count, largest, "cuda")
    for sharing in found:
        print(
            f"{sharing.count} on a GPU: {sharing.rate:.1f} steps a second in all, "
            f"{sharing.memory / 2**30:.1f} GiB each"
        )
    print(f"auto: {count} on a GPU (--gpus-per-trial 1/{count})", flush=True)
    return 1 / count


def call_on_device(
    device: str, address: str | None, function: Callable[..., Any], *arguments: Any
) -> Any:
    """Return what a function returns on a device: here, or on the cluster if only that has one."""
    if not address or device == "cpu" or torch.cuda.is_available():
        return function(*arguments)
    from nvp.running.ray import call_on_cluster  # Ray takes seconds to import

    return call_on_cluster(address, function, *arguments)
