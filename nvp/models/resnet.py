"""ResNets: of CIFAR (a 3x3 stem without pooling) and ResNet-50 of ImageNet.

Source: He et al., "Deep Residual Learning for Image Recognition", 2016. `build_cifar` is of its
section 4.2; ResNet-18 has the CIFAR stem of the common 11,173,962-parameter variant; ResNet-50 is
torchvision's, and so is ResNet-18 with the stem of ImageNet. Images of any size go through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.blocks import BasicBlock, Bottleneck
from nvp.models.layers import list_chain_reads, make_conv, make_dropout_layers, scale_width
from nvp.network.dropout import Dropout
from nvp.network.neuron_layer import NeuronLayer


@dataclass(frozen=True)
class Stages:
    """The stages of a residual network.

    Attributes:
        blocks: blocks of each stage.
        width: published width of the first stage; each stage is twice as wide as the last.
        block: makes a block.
    """

    blocks: tuple[int, ...] = (2, 2, 2, 2)
    width: int = 64
    block: Callable[..., BasicBlock | Bottleneck] = BasicBlock


class ResNet(nn.Module):
    """Stem, stages of residual blocks, global average pooling, hidden layers if any, head."""

    def __init__(
        self,
        config: ModelConfig,
        stem: NeuronLayer,
        num_classes: int,
        *,
        stages: Stages = Stages(),  # noqa: B008 - frozen
        reduce: nn.Module | None = None,
        hidden: tuple[int, ...] = (),
    ) -> None:
        """Make a network around a stem.

        Args:
            config: the model's part of a trial.
            stem: the first layer; of group "stage1" when its output is the first residual.
            num_classes: number of logits.
            stages: of residual blocks; ResNet-18's if none are given.
            reduce: pooling after the stem.
            hidden: published widths of linear layers with dropout before the head.
        """
        super().__init__()
        self.stem = stem
        self.reduce = nn.Identity() if reduce is None else reduce
        self.reads: dict[str, str] = {}
        self.stages = nn.ModuleList()
        source, fan_in = stem.group or "stem", len(stem.keep)
        for stage, count in enumerate(stages.blocks):
            group, layers = f"stage{stage + 1}", []
            for index in range(count):
                make = partial(stages.block, stride=2 if stage > 0 and index == 0 else 1)
                width = stages.width * 2**stage
                layers.append(make(config, fan_in, width, source=source, group=group))
                self.reads |= list_chain_reads(layers[-1], f"stages.{stage}.{index}", source)
                source, fan_in = group, layers[-1].width
            self.stages.append(nn.Sequential(*layers))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.hidden = make_dropout_layers(config, fan_in, hidden, path="hidden", source=source)
        chain = list_chain_reads(self.hidden, "hidden", source)
        if hidden:
            fan_in, source = scale_width(hidden[-1], config), list(chain)[-1]
            self.hidden.append(Dropout(0.5, reads=source))
        self.head = nn.Linear(fan_in, num_classes)
        self.reads |= chain | {"head": source}

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return self.head(self.hidden(self.pool(x).flatten(1)))


def make_cifar_stem(
    config: ModelConfig, image_shape: tuple[int, int, int], width: int
) -> NeuronLayer:
    """Return a 3x3 convolution that writes to the first stream."""
    return make_conv(config, image_shape[0], scale_width(width, config), group="stage1")


def build_cifar(
    config: ModelConfig,
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    depth: int,
    option: str = "A",
) -> nn.Module:
    """Return the thin ResNet of depth 6 n + 2: three stages of n basic blocks of 16, 32, 64.

    Parameters for 10 classes at width 1, by option of the shortcuts:

    | depth | A | B |
    |---|---|---|
    | 20 | 269,722 | 272,474 |
    | 32 | 464,154 | 466,906 |
    | 44 | 658,586 | 661,338 |
    | 56 | 853,018 | 855,770 |
    """
    stem, blocks = make_cifar_stem(config, image_shape, 16), ((depth - 2) // 6,) * 3
    stages = Stages(blocks, 16, partial(BasicBlock, option=option))
    return ResNet(config, stem, num_classes, stages=stages)


def build_resnet18(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the CIFAR ResNet-18: 11,173,962 parameters for 10 classes at width 1."""
    return ResNet(config, make_cifar_stem(config, image_shape, 64), num_classes)


def build_resnet18_imagenet(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return torchvision's ResNet-18: 11,689,512 parameters for 1000 classes at width 1.

    DS-Pruning's monitor trains it on CIFAR-10 unchanged. The pooled stem is the first residual, so
    the stem writes to the first stream.
    """
    return ResNet(
        config, make_wide_stem(config, image_shape, "stage1"), num_classes, reduce=make_pool()
    )


def build_resnet18_dropout(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return ResNet-18 with the head of NVP's code: dropout .5 before 256, 128 and the logits.

    11,334,346 parameters for 10 classes at width 1. Theirs has 64 more: a bias of the stem, which
    its batch norm cancels. Differs: the hidden units have the network's activation, so that they
    are neurons like any other. Theirs have none, so that their head is one linear map.
    """
    stem = make_cifar_stem(config, image_shape, 64)
    return ResNet(config, stem, num_classes, hidden=(256, 128))


def build_resnet50(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return ResNet-50: 25,557,032 parameters for 1000 classes at width 1.

    Its 7x7 stem and the pooling after it keep their strides on images of any size; below 32x32
    the last stages act at single positions. The stem is internal: the first block projects.
    """
    stem, stages = make_wide_stem(config, image_shape, ""), Stages((3, 4, 6, 3), block=Bottleneck)
    return ResNet(config, stem, num_classes, stages=stages, reduce=make_pool())


def make_wide_stem(
    config: ModelConfig, image_shape: tuple[int, int, int], group: str
) -> NeuronLayer:
    """Return the 7x7 convolution of stride 2 that ImageNet's networks start with."""
    width = scale_width(64, config)
    return make_conv(config, image_shape[0], width, kernel=7, stride=2, padding=3, group=group)


def make_pool() -> nn.Module:
    """Return the max pooling that follows the wide stem."""
    return nn.MaxPool2d(3, stride=2, padding=1)
