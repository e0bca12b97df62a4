"""Timing: what a training step costs, of the dense network and of the one that is left."""

import copy
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Splits
from nvp.network.precision import compute_logits
from nvp.network.train_state import TrainState
from nvp.training.build import build

ROUNDS = 5
SHARE = 0.02  # of a trial's seconds that may be spent here


def step_seconds(
    config: TrialConfig, data: Splits, state: TrainState, *, budget: float
) -> dict[str, float]:
    """Return the median seconds of a plain training step; {} for want of time or memory.

    Forward, backward and update of one batch, without noise; dense and present take turns.
    Leaves the state as it was.

    Args:
        config: of the trial.
        data: its images.
        state: at the end.
        budget: seconds that all of it may take.
    """
    try:
        return timed(config, data, state, budget)
    except torch.OutOfMemoryError:  # two networks at once: the trial itself is done
        return {}


def timed(config: TrialConfig, data: Splits, state: TrainState, budget: float) -> dict[str, float]:
    """Return the medians; {} when a first round says that all would take longer than `budget`."""
    device = data.train.device
    images = data.train.first(config.data.batch_size)
    pixels = normalise_pixels(images.pixels, images)
    model, optimizer = copy.deepcopy((state.model, state.optimizer))
    networks = {
        "dense_step_seconds": build(config, data, device.type),
        "step_seconds": TrainState(model, optimizer),
    }
    batch = pixels, images.labels, config.precision
    steps = {name: partial(step, network, *batch) for name, network in networks.items()}
    first = [seconds_of(work, device) for work in steps.values()]
    if sum(first) * (ROUNDS + 1) > budget:
        return {}
    rounds = [[seconds_of(work, device) for work in steps.values()] for _ in range(ROUNDS)]
    return dict(zip(steps, map(median, zip(*rounds, strict=True)), strict=True))


def step(state: TrainState, pixels: Tensor, labels: Tensor, precision: str) -> None:
    """Train on one batch."""
    state.model.train()
    state.optimizer.zero_grad()
    F.cross_entropy(compute_logits(state.model, pixels, precision), labels).backward()
    state.optimizer.step()


def seconds_of(work: Callable[[], None], device: torch.device) -> float:
    """Return the seconds of one call, to the end of what it starts on a GPU."""
    start = perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter() - start
