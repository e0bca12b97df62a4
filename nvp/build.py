"""The initial state of a trial, and a process in which arithmetic is the same everywhere."""

import torch

from nvp.config import TrialConfig
from nvp.data.splits import Splits
from nvp.models import build_model
from nvp.optim import build_optimizer
from nvp.state import TrainState

LAYOUTS = {"channels_first": torch.preserve_format, "channels_last": torch.channels_last}


def set_up_process(device: str) -> None:
    """Make arithmetic the same in every process: one CPU thread, no denormal numbers.

    The weights of dying neurons decay into denormals, which are up to a hundred times slower.
    """
    if device == "cpu":
        torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def cap_memory(device: str, share: float) -> None:
    """Let this process fill at most `share` of a GPU's memory, so that no trial takes another's."""
    if device == "cuda":
        torch.cuda.empty_cache()  # of an earlier trial in this process
        torch.cuda.set_per_process_memory_fraction(share)


def build(config: TrialConfig, data: Splits, device: str) -> TrainState:
    """Return the initial state of a trial."""
    model = build_model(config.model, data.train.shape, data.num_classes, seed=config.seed)
    model.to(device).to(memory_format=LAYOUTS[config.layout])  # type: ignore[call-overload]
    return TrainState(model, build_optimizer(model, config.optim))
