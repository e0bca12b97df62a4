"""What a study author can get wrong in a trial, found on the driver before anything starts."""

from functools import cache

from nvp.config import ModelConfig, TrialConfig
from nvp.data import DATASETS
from nvp.models import build_model
from nvp.names import look_up
from nvp.optim import check_optim
from nvp.pruning import resolve
from nvp.train import num_epochs


def check_trial(config: TrialConfig) -> None:
    """Raise ValueError for what a study author can get wrong; needs no data and trains nothing."""
    data = look_up("data.name", config.data.name, DATASETS)
    num_epochs(config, data.num_train)
    probe = min(config.probe.size, data.num_train)
    if probe < config.probe.bins:
        raise ValueError(
            f"probe.size: expected at least probe.bins={config.probe.bins} images, got {probe}"
        )
    check_optim(config.optim)
    resolve(config.prune)
    check_model(config.model, data.image_shape, data.num_classes)


@cache
def check_model(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> None:
    """Build the network once, so that what it refuses is refused on the driver."""
    build_model(config, image_shape, num_classes, seed=0)
