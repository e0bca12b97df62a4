"""LeNet-5 as in Caffe's MNIST example: 20-50 filters of 5x5 and 500 linear neurons, with ReLU.

Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
"""

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.layers import make_conv, make_linear, scale_width

UNPADDED = 16  # side of the smallest images that survive both poolings without padding


class LeNet5(nn.Module):
    """Conv, pool, conv, pool, then one hidden linear layer and the head.

    Images of at least 16x16 are not padded; smaller ones are, so that they keep their size.
    """

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__()
        channels, height, width = image_shape
        first, second, hidden = (scale_width(n, config) for n in (20, 50, 500))
        padding = 0 if min(height, width) >= UNPADDED else 2
        lost = 4 - 2 * padding  # positions that a convolution costs
        height, width = (((n - lost) // 2 - lost) // 2 for n in (height, width))
        self.conv1 = make_conv(config, channels, first, kernel=5, padding=padding)
        self.conv2 = make_conv(config, first, second, kernel=5, padding=padding)
        self.hidden = make_linear(config, second * height * width, hidden)
        self.head = nn.Linear(hidden, num_classes)
        self.pool = nn.MaxPool2d(2)
        self.reads = {"conv2": "conv1", "hidden": "conv2", "head": "hidden"}

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv2(x))
        return self.head(self.hidden(x.flatten(1)))


def build_lenet5(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return LeNet-5: 431,080 parameters for 28x28 grey images, 10 classes and no norm.

    Raises:
        ValueError: for images smaller than 4x4.
    """
    if min(image_shape[1:]) < 4:
        raise ValueError(f"lenet5: expected images of at least 4x4, got {image_shape[1:]}")
    return LeNet5(config, image_shape, num_classes)
