"""A small convolutional network for small images: 32-64-64 channels and 128 linear neurons."""

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.layers import make_conv, make_linear, scale_width


class ConvNet(nn.Module):
    """Conv, pool, conv, conv, pool, then one hidden linear layer and the head."""

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__()
        channels, height, width = image_shape
        first, second, third, hidden = (scale_width(n, config) for n in (32, 64, 64, 128))
        self.conv1 = make_conv(config, channels, first)
        self.conv2 = make_conv(config, first, second)
        self.conv3 = make_conv(config, second, third)
        self.hidden = make_linear(config, third * (height // 4) * (width // 4), hidden)
        self.head = nn.Linear(hidden, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.reads = {"conv2": "conv1", "conv3": "conv2", "hidden": "conv3", "head": "hidden"}

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv3(self.conv2(x)))
        return self.head(self.hidden(x.flatten(1)))


def build_convnet(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the network.

    Raises:
        ValueError: for images smaller than 4x4.
    """
    if min(image_shape[1:]) < 4:
        raise ValueError(f"convnet: expected images of at least 4x4, got {image_shape[1:]}")
    return ConvNet(config, image_shape, num_classes)
