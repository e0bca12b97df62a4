"""A small convolutional network for small images: 32-64-64 channels and 128 linear neurons.

Of another depth, it has as many convolutions less or more, the further ones of 64 channels.
"""

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.activations import count_outputs
from nvp.models.depth import choose_depth, repeat_last
from nvp.models.layers import make_conv, make_linear, scale_width

CHANNELS, HIDDEN = (32, 64, 64), 128


class ConvNet(nn.Module):
    """Convolutions, pooled after the first and after the last, one hidden linear layer, head."""

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__()
        fan_in, height, width = image_shape
        depth = choose_depth(config, len(CHANNELS) + 1, least=2)
        self.convs = [f"conv{number}" for number in range(1, depth)]
        for name, channels in zip(self.convs, repeat_last(CHANNELS, depth - 1), strict=True):
            scaled = scale_width(channels, config)
            setattr(self, name, make_conv(config, fan_in, scaled))
            fan_in = scaled * count_outputs(config)
        hidden = scale_width(HIDDEN, config)
        self.hidden = make_linear(config, fan_in * (height // 4) * (width // 4), hidden)
        self.head = nn.Linear(hidden * count_outputs(config), num_classes)
        self.pool = nn.MaxPool2d(2)
        readers = [*self.convs[1:], "hidden", "head"]
        self.reads = dict(zip(readers, [*self.convs, "hidden"], strict=True))

    def forward(self, x: Tensor) -> Tensor:
        for name in self.convs:
            x = getattr(self, name)(x)
            if name == "conv1":
                x = self.pool(x)
        return self.head(self.hidden(self.pool(x).flatten(1)))


def build_convnet(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the network.

    Raises:
        ValueError: for images smaller than 4x4, or a depth below 2.
    """
    if min(image_shape[1:]) < 4:
        raise ValueError(f"convnet: expected images of at least 4x4, got {image_shape[1:]}")
    return ConvNet(config, image_shape, num_classes)
