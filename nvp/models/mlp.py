"""Multilayer perceptrons: hidden layers of 128 and 128 neurons, or LeNet-300-100's.

Of another depth, further layers are as wide as the last one: 5 x 256 is `mlp` with depth 5 and
width 2.

Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998 (LeNet).
"""

import math

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.activations import count_outputs
from nvp.models.depth import choose_depth, repeat_last
from nvp.models.layers import make_linear, scale_width


class MLP(nn.Module):
    """Flatten -> hidden layers -> linear head."""

    def __init__(
        self,
        config: ModelConfig,
        image_shape: tuple[int, int, int],
        num_classes: int,
        *,
        hidden: tuple[int, ...] = (128, 128),
    ) -> None:
        super().__init__()
        hidden = repeat_last(hidden, choose_depth(config, len(hidden)))
        widths = [scale_width(width, config) for width in hidden]
        inputs = [math.prod(image_shape), *(count_outputs(config) * width for width in widths)]
        self.hidden = nn.ModuleList(
            make_linear(config, fan_in, width)
            for fan_in, width in zip(inputs, widths, strict=False)
        )
        self.head = nn.Linear(inputs[-1], num_classes)
        readers = [*(f"hidden.{depth}" for depth in range(1, len(hidden))), "head"]
        self.reads = {path: f"hidden.{depth}" for depth, path in enumerate(readers)}

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def build_mlp(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the MLP for flattened images."""
    return MLP(config, image_shape, num_classes)


def build_lenet300(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return LeNet-300-100 for flattened images."""
    return MLP(config, image_shape, num_classes, hidden=(300, 100))
