"""The length of a trial, in steps and in epochs."""

from math import ceil

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import steps_per_epoch


def count_steps(config: TrialConfig, num_images: int) -> int:
    """Return the optimizer steps of a whole trial."""
    return config.steps or config.epochs * steps_per_epoch(num_images, config.data.batch_size)


def count_epochs(config: TrialConfig, num_images: int) -> int:
    """Return the epochs of a whole trial; with `steps`, the last one may be shorter."""
    per_epoch = steps_per_epoch(num_images, config.data.batch_size)
    return ceil(count_steps(config, num_images) / per_epoch)
