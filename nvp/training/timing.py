"""Timing: seconds of a training step, of the dense network and of the network that remains."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor

from nvp.config.memory import is_out_of_memory
from nvp.config.trial_config import TrialConfig
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Splits
from nvp.network.precision import compute_logits
from nvp.network.train_state import TrainState
from nvp.training.build import build_untrained
from nvp.training.optim import take_step

ROUNDS = 5
SHARE = 0.02  # of a trial's seconds that may be spent here


def measure_step_seconds(
    config: TrialConfig, data: Splits, state: TrainState, *, budget: float
) -> dict[str, float]:
    """Return the median seconds of a plain training step; {} without enough time or memory.

    A step is forward, backward and update of one batch, without noise. The dense network and the
    present one take turns. Leaves the state as it was.

    Args:
        config: of the trial.
        data: its images.
        state: at the end.
        budget: seconds that all of it may take.
    """
    try:
        return time_networks(config, data, state, budget)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return {}  # of two networks at once; the trial itself is done


def time_networks(
    config: TrialConfig, data: Splits, state: TrainState, budget: float
) -> dict[str, float]:
    """Return the medians; {} when all rounds would take longer than `budget`, by the first one."""
    device = data.train.device
    images = data.train.first(config.data.batch_size)
    pixels = normalise_pixels(images.pixels, images)
    model, optimizer = copy.deepcopy((state.model, state.optimizer))
    networks = {
        "dense_step_seconds": build_untrained(config, data, device.type),
        "step_seconds": TrainState(model, optimizer),
    }
    batch = pixels, images.labels, config.precision
    steps = [partial(train_batch, network, *batch) for network in networks.values()]
    timers = [partial(time_call, step, device) for step in steps]
    first = [timer() for timer in timers]
    if sum(first) * (ROUNDS + 1) > budget:
        return {}
    return dict(zip(networks, measure_medians(timers, ROUNDS), strict=True))


def measure_medians(timers: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median of what each timer returns, in seconds.

    The timers take turns, so that a moment in which the machine is busy slows all of them.
    """
    found = [[timer() for timer in timers] for _ in range(rounds)]
    return [median(column) for column in zip(*found, strict=True)]


def train_batch(state: TrainState, pixels: Tensor, labels: Tensor, precision: str) -> None:
    """Train on one batch. Changes the state."""
    state.model.train()
    state.optimizer.zero_grad()
    F.cross_entropy(compute_logits(state.model, pixels, precision), labels).backward()
    take_step(state.optimizer)


def time_call(work: Callable[[], None], device: torch.device) -> float:
    """Return the seconds of one call, the work that it starts on a GPU included."""
    start = perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter() - start
