"""How many hidden layers a network has: `model.depth`, where its architecture can have others."""

from torch import nn

from nvp.config.trial_config import ModelConfig
from nvp.network.groups import own_neurons

DEEPEST = 1000  # layers; a network of more takes minutes to be built


def choose_depth(config: ModelConfig, own: int, *, least: int = 1) -> int:
    """Return the number of hidden layers: the architecture's own, or the one that is given.

    Args:
        config: the model's part of a trial; `depth` 0 = the architecture's own.
        own: the published number.
        least: the fewest that it can have.

    Raises:
        ValueError: fewer than `least`, or more than `DEEPEST`.
    """
    depth = config.depth or own
    if least <= depth <= DEEPEST:
        return depth
    nearest = min(max(depth, least), DEEPEST)
    raise ValueError(
        f"model.depth: expected {least} to {DEEPEST} hidden layers of {config.name}, or 0 for its "
        f"own {own}, got {depth} (nearest: {nearest})"
    )


def repeat_last(widths: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """Return the first `depth` widths; the last one is repeated where there are fewer."""
    return (widths + widths[-1:] * depth)[:depth]


def check_depth(config: ModelConfig, model: nn.Module) -> None:
    """Raise ValueError where a network of nvp's has not the number of layers that is asked for.

    Args:
        config: the model's part of a trial, of a name in MODELS.
        model: as it was built. One of torch's own modules, which is adopted, was checked then.
    """
    own = len(own_neurons(model))
    if own and config.depth not in (0, own):
        raise ValueError(
            f"model.depth: expected 0 or {own}, since {config.name} has {own} hidden layers and no "
            f"other number, got {config.depth}: choose it by model.name, or take mlp, lenet300, "
            "convnet, a vgg or vit"
        )
