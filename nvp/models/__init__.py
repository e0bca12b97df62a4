"""Models by name, each one file, built of `NeuronLayer`.

To add one: write `build(config, image_shape, num_classes)` in a file here and a line below.
A model declares in `reads` which group each affine map reads, so that masking is complete.
"""

from collections.abc import Callable

import torch
from torch import nn

from nvp.config import ModelConfig
from nvp.models import convnet, lenet, mlp, resnet
from nvp.models.activations import ACTIVATIONS
from nvp.names import look_up
from nvp.seed import stream_seed

Build = Callable[[ModelConfig, tuple[int, int, int], int], nn.Module]

MODELS: dict[str, Build] = {
    "convnet": convnet.build,
    "lenet300": mlp.lenet300,
    "lenet5": lenet.lenet5,
    "mlp": mlp.build,
    "resnet18": resnet.resnet18,
    "resnet20": resnet.resnet20,
}


def build_model(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int, *, seed: int
) -> nn.Module:
    """Return the network, initialised from the `init` stream of `seed`.

    Args:
        config: the model's part of a trial.
        image_shape: (channels, height, width).
        num_classes: number of logits.
        seed: the trial's seed.

    Raises:
        ValueError: unknown model or activation, or images the model cannot take.
    """
    build = look_up("model.name", config.name, MODELS)
    look_up("model.activation", config.activation, ACTIVATIONS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(seed, "init"))
        return build(config, image_shape, num_classes)
