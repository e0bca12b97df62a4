"""Validation: the driver refuses a wrong configuration before any trial starts."""

from functools import cache

from torch import nn

from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.models import build_model
from nvp.pruning import check_support, plan_pruning
from nvp.training.length import count_epochs
from nvp.training.noise import check_noise
from nvp.training.optim import check_optim
from nvp.vitality.noise_scale import SMALL_BATCHES


def check_trial(config: TrialConfig) -> None:
    """Raise ValueError for a configuration that cannot run; loads and trains nothing."""
    data = read_trial_facts(config.data, data_root())
    count_epochs(config, data.num_train)
    probe = min(config.probe.size, data.num_train)
    if probe < config.probe.bins:
        raise ValueError(
            f"probe.size: expected at least probe.bins={config.probe.bins} images, got {probe}"
        )
    if 0 < config.probe.noise_scale < SMALL_BATCHES:
        raise ValueError(
            f"probe.noise_scale: expected 0 or at least {SMALL_BATCHES} images, "
            f"got {config.probe.noise_scale}"
        )
    check_optim(config.optim)
    check_noise(config.optim)
    model = check_model(config.model, data.image_shape, data.num_classes)
    check_support(plan_pruning(config.prune), model, config.model.activation)


@cache
def check_model(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the network, built once, so that the driver meets its refusals before a trial does."""
    return build_model(config, image_shape, num_classes, seed=0)
