"""The initial state of a trial, and a process in which arithmetic is the same everywhere."""

from dataclasses import replace
from pathlib import Path

import torch

from nvp.config.trial_config import TrialConfig
from nvp.data.data_set import DataSet, Facts
from nvp.data.splits import Images, Splits
from nvp.models import build_model
from nvp.network.train_state import TrainState
from nvp.remedies.treatment import begin_remedy
from nvp.training.optim import build_optimizer

LAYOUTS = {"channels_first": torch.preserve_format, "channels_last": torch.channels_last}


def set_up_process(device: str) -> None:
    """Make arithmetic the same in every process: one CPU thread, no denormal numbers.

    The weights of dying neurons decay into denormals, which are up to a hundred times slower. On a
    GPU, convolutions in float32 do not round to TF32, as linear maps do not, and take algorithms
    that add in a fixed order: a trial that was continued equals one that was not.
    """
    if device == "cpu":
        torch.set_num_threads(1)
    else:
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
    torch.set_flush_denormal(True)


def cap_memory(device: str, share: float) -> None:
    """Let this process fill at most `share` of a GPU's memory, so that no trial takes another's."""
    if device == "cuda":
        torch.cuda.empty_cache()  # of an earlier trial in this process
        torch.cuda.set_per_process_memory_fraction(share)


def build(
    config: TrialConfig, data: Splits, device: str, weights: Path | None = None
) -> TrainState:
    """Return the initial state of a trial.

    Args:
        config: of the trial.
        data: its images.
        device: "cpu" or "cuda".
        weights: the file of `model.weights`; None = where it is on this machine.
    """
    classes = data.num_classes
    model = build_model(config.model, data.train.shape, classes, seed=config.seed, file=weights)
    model.to(device).to(memory_format=LAYOUTS[config.layout])  # type: ignore[call-overload]
    optimizer = build_optimizer(model, config.optim)
    return TrainState(model, optimizer, remedy=begin_remedy(config, model))


def build_untrained(config: TrialConfig, data: Splits, device: str) -> TrainState:
    """Return the initial state of a trial without the weights that `model.weights` names.

    It is for what does not depend on them: to be timed, or to be restored.
    """
    return build(replace(config, model=replace(config.model, weights="")), data, device)


def random_images(facts: DataSet | Facts, count: int) -> Splits:
    """Return noise in the shape of a data set: enough to time a step."""
    pixels = torch.randint(0, 256, (count, *facts.image_shape), dtype=torch.uint8)
    channels = facts.image_shape[0]
    images = Images(
        pixels, torch.zeros(count, dtype=torch.int64), (0.5,) * channels, (0.25,) * channels
    )
    return Splits(images, images, images, facts.num_classes)


def dense(config: TrialConfig, facts: DataSet) -> TrainState:
    """Return the initial state of a trial without its data and the weights that it names."""
    return build_untrained(config, random_images(facts, 1), "cpu")
