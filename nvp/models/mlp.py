"""A multilayer perceptron with two hidden layers of 128 neurons."""

import math

from torch import Tensor, nn

from nvp.config import ModelConfig
from nvp.models.layers import linear, scaled


class MLP(nn.Module):
    """Flatten -> hidden layers -> linear head."""

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__()
        widths = [math.prod(image_shape), scaled(128, config), scaled(128, config)]
        self.hidden = nn.ModuleList(
            linear(config, fan_in, width) for fan_in, width in zip(widths, widths[1:], strict=False)
        )
        self.head = nn.Linear(widths[-1], num_classes)
        self.reads = {"hidden.1": "hidden.0", "head": "hidden.1"}

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def build(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Return the MLP for flattened images."""
    return MLP(config, image_shape, num_classes)
