"""The normalisation of a layer, by `model.norm`; it stands before the activation, and is affine."""

from torch import nn

from nvp.config.trial_config import ModelConfig
from nvp.network.norms import Norm, ShiftedBatchNorm1d, ShiftedBatchNorm2d

MOST_GROUPS = 32  # Wu & He, "Group Normalization", 2018
FEWEST_NEURONS = 4  # of a group, where nobody says how many groups there are


def make_norm(config: ModelConfig, width: int, *, of_images: bool) -> Norm | None:
    """Return the normalisation of `width` neurons, or None.

    Of a convolution, `layer` is over all channels and positions of an image (one group).

    Args:
        config: `norm`, and what it needs.
        width: neurons of the layer.
        of_images: whether the neurons are the channels of a convolution.

    Raises:
        ValueError: groups that do not divide the width, or a norm over a single value.
    """
    if config.norm == "batch":
        return nn.BatchNorm2d(width) if of_images else nn.BatchNorm1d(width)
    if config.norm == "psbn":
        kind = ShiftedBatchNorm2d if of_images else ShiftedBatchNorm1d
        return kind(width, config.norm_shift)
    if config.norm == "none":
        return None
    groups = 1 if config.norm == "layer" else choose_groups(config, width)
    if width == groups and not of_images:
        raise ValueError(
            f"model.norm: expected batch or none, or a larger model.width: model.norm={config.norm}"
            f" of a linear layer of {width} in groups of 1 neuron puts out its shift, whatever "
            "comes in"
        )
    if config.norm == "layer" and not of_images:
        return nn.LayerNorm(width)
    return nn.GroupNorm(groups, width)


def choose_groups(config: ModelConfig, width: int) -> int:
    """Return the number of groups of a layer; ValueError where the given one does not divide it."""
    divisors = [count for count in range(1, width + 1) if width % count == 0]
    if not config.norm_groups:
        fit = [n for n in divisors if n <= MOST_GROUPS and width // n >= FEWEST_NEURONS]
        return max(fit, default=1)
    if config.norm_groups in divisors:
        return config.norm_groups
    nearest = min(divisors, key=lambda count: abs(count - config.norm_groups))
    raise ValueError(
        f"model.norm_groups: expected a number that divides the neurons of each layer, and a layer "
        f"has {width}, got {config.norm_groups} (nearest for this layer: {nearest}; 0 chooses for "
        "each layer)"
    )
