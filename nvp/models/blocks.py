"""The residual blocks of ResNets; a block that starts a stream has a shortcut.

Source: He et al., "Deep Residual Learning for Image Recognition", 2016, figures 2 and 5.
Differs: `Bottleneck` has its stride in the 3x3 convolution, as torchvision ("v1.5").
"""

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.layers import make_conv, scale_width
from nvp.models.norms import make_norm
from nvp.network.neuron_layer import Shortcut
from nvp.network.subsample import Subsample


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; the second writes to the residual stream `group`."""

    def __init__(
        self,
        config: ModelConfig,
        fan_in: int,
        width: int,
        *,
        stride: int,
        source: str,
        group: str,
        option: str = "B",
    ) -> None:
        """Make a block.

        Args:
            config: the model's part of a trial.
            fan_in: channels of the input.
            width: published channels of the output.
            stride: of the first convolution and the shortcut.
            source: the group the block reads.
            group: the stream it writes to.
            option: of a shortcut; "A" has no parameters, "B" projects.
        """
        super().__init__()
        self.width = scale_width(width, config)
        self.first = make_conv(config, fan_in, self.width, stride=stride)
        self.second = make_conv(config, self.width, self.width, group=group)
        self.shortcut = None
        if source != group and option == "A":
            self.shortcut = Subsample(fan_in, self.width, stride=stride, reads=source, group=group)
        elif source != group:
            self.shortcut = make_projection(config, fan_in, self.width, stride=stride, group=group)

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.shortcut is None else self.shortcut(x)
        return self.second(self.first(x), residual)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions; the third, four times as wide, writes to the stream `group`.

    The first two are internal. Shortcuts project (option B).
    """

    def __init__(
        self,
        config: ModelConfig,
        fan_in: int,
        width: int,
        *,
        stride: int,
        source: str,
        group: str,
    ) -> None:
        """Make a block; `width` is of the inner convolutions, the rest as in `BasicBlock`."""
        super().__init__()
        inner, self.width = scale_width(width, config), scale_width(4 * width, config)
        self.first = make_conv(config, fan_in, inner, kernel=1, padding=0)
        self.second = make_conv(config, inner, inner, stride=stride)
        self.third = make_conv(config, inner, self.width, kernel=1, padding=0, group=group)
        self.shortcut = None
        if source != group:
            self.shortcut = make_projection(config, fan_in, self.width, stride=stride, group=group)

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.shortcut is None else self.shortcut(x)
        return self.third(self.second(self.first(x)), residual)


def make_projection(
    config: ModelConfig, fan_in: int, width: int, *, stride: int, group: str
) -> Shortcut:
    """Return the 1x1 convolution of a shortcut of option B."""
    norm = make_norm(config, width, of_images=True)
    affine = nn.Conv2d(fan_in, width, 1, stride=stride, bias=norm is None)
    return Shortcut(affine, norm, group=group)
