"""ResNets for 32x32 images: a 3x3 stem without pooling, then stages of basic blocks.

Source: He et al., "Deep Residual Learning for Image Recognition", 2016. ResNet-20 is of its
section 4.2; ResNet-18 has the CIFAR stem of the common 11,173,962-parameter variant.
"""

from torch import Tensor, nn

from nvp.config import ModelConfig
from nvp.models.layers import conv, norm2d, scaled
from nvp.neurons import Shortcut, Subsample


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; the second writes to the residual stream `group`.

    A block that changes the shape has a shortcut: option "A" has no parameters, "B" projects.
    """

    def __init__(
        self,
        config: ModelConfig,
        fan_in: int,
        width: int,
        *,
        stride: int,
        group: str,
        option: str = "B",
    ) -> None:
        super().__init__()
        self.first = conv(config, fan_in, width, stride=stride)
        self.second = conv(config, width, width, group=group)
        self.shortcut = None
        if option == "A" and (stride != 1 or fan_in != width):
            self.shortcut = Subsample(fan_in, width, stride=stride)
        elif stride != 1 or fan_in != width:
            norm = norm2d(config, width)
            affine = nn.Conv2d(fan_in, width, 1, stride=stride, bias=norm is None)
            self.shortcut = Shortcut(affine, norm, group=group)

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.shortcut is None else self.shortcut(x)
        return self.second(self.first(x), residual)


class ResNet(nn.Module):
    """Stem, stages of basic blocks, global average pooling, linear head."""

    def __init__(
        self,
        config: ModelConfig,
        image_shape: tuple[int, int, int],
        num_classes: int,
        *,
        blocks: tuple[int, ...] = (2, 2, 2, 2),
        stem_width: int = 64,
        option: str = "B",
    ) -> None:
        """Make a network; each stage is twice as wide as the one before."""
        super().__init__()
        width = scaled(stem_width, config)
        self.stem = conv(config, image_shape[0], width, group="stage1")
        self.reads: dict[str, str] = {}
        self.stages = nn.ModuleList()
        source, fan_in = "stage1", width
        for stage, count in enumerate(blocks):
            group, width = f"stage{stage + 1}", scaled(stem_width * 2**stage, config)
            layers = []
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(
                    BasicBlock(config, fan_in, width, stride=stride, group=group, option=option)
                )
                path = f"stages.{stage}.{block}"
                self.reads |= {f"{path}.first": source, f"{path}.second": f"{path}.first"}
                if isinstance(layers[-1].shortcut, Shortcut):
                    self.reads[f"{path}.shortcut"] = source
                source, fan_in = group, width
            self.stages.append(nn.Sequential(*layers))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(fan_in, num_classes)
        self.reads["head"] = source

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(self.pool(x).flatten(1))


def resnet18(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Return the CIFAR ResNet-18: 11,173,962 parameters for 10 classes at width 1."""
    return ResNet(config, image_shape, num_classes)


def resnet20(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
    """Return the CIFAR ResNet-20: 269,722 parameters for 10 classes at width 1."""
    return ResNet(config, image_shape, num_classes, blocks=(3, 3, 3), stem_width=16, option="A")
