"""VGG networks for 32x32 images: 3x3 convolutions with batch norm, five poolings, a small head.

Source: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
2015, configurations A, B, D, E, with one linear head of 512 inputs (Liu et al., "Rethinking the
Value of Network Pruning", 2019). Differs: where there is a norm, convolutions have no bias. Another
depth spreads its convolutions over the five stages, the later ones have one more.
"""

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.depth import choose_depth
from nvp.models.layers import list_chain_reads, make_conv, make_dropout_layers, scale_width

WIDTHS = (64, 128, 256, 512, 512)
CONVS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class VGG(nn.Module):
    """Five stages of convolutions, a pooling after each, hidden layers if any, head.

    On images smaller than 32x32, the last poolings are skipped once a single position remains. On
    larger ones, the remaining positions are averaged.
    """

    def __init__(
        self,
        config: ModelConfig,
        image_shape: tuple[int, int, int],
        num_classes: int,
        *,
        convs: tuple[int, ...],
        hidden: tuple[int, ...] = (),
    ) -> None:
        """Make a network of `convs` convolutions a stage; `hidden` as in `ResNet`."""
        super().__init__()
        self.reads: dict[str, str] = {}
        self.stages = nn.ModuleList()
        fan_in, source = image_shape[0], ""
        for stage, count in enumerate(convs):
            width = scale_width(WIDTHS[stage], config)
            fans = [fan_in, *[width] * (count - 1)]
            self.stages.append(nn.Sequential(*(make_conv(config, fan, width) for fan in fans)))
            self.reads |= list_chain_reads(self.stages[-1], f"stages.{stage}", source)
            fan_in, source = width, f"stages.{stage}.{count - 1}"
        self.num_pools = min(len(convs), min(image_shape[1:]).bit_length() - 1)
        self.pool, self.average = nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)
        self.hidden = make_dropout_layers(config, fan_in, hidden, path="hidden", source=source)
        chain = list_chain_reads(self.hidden, "hidden", source)
        if hidden:
            fan_in, source = scale_width(hidden[-1], config), list(chain)[-1]
        self.head = nn.Linear(fan_in, num_classes)
        self.reads |= chain | {"head": source}

    def forward(self, x: Tensor) -> Tensor:
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index < self.num_pools:
                x = self.pool(x)
        return self.head(self.hidden(self.average(x).flatten(1)))


def spread_convs(
    config: ModelConfig, published: tuple[int, ...], *, hidden: int = 0
) -> tuple[int, ...]:
    """Return the convolutions of each stage of a network of `config.depth` hidden layers.

    Args:
        config: the model's part of a trial.
        published: convolutions of each stage, where it has its own depth.
        hidden: linear layers behind them.
    """
    stages = len(published)
    depth = choose_depth(config, sum(published) + hidden, least=stages + hidden) - hidden
    share, rest = divmod(depth, stages)
    even = tuple(share + (stage >= stages - rest) for stage in range(stages))
    return {sum(convs): convs for convs in CONVS.values()}.get(depth, even)


def build_vgg(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int, *, depth: int
) -> nn.Module:
    """Return VGG-11, 13, 16 or 19 with batch norm.

    9,228,362, 9,413,066, 14,724,042 and 20,035,018 parameters for 10 classes at width 1. The
    literature also gives 14,728,266 for VGG-16: with the 4,224 biases that batch norm cancels.
    """
    return VGG(config, image_shape, num_classes, convs=spread_convs(config, CONVS[depth]))


def build_vgg_like(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return NN Relief's VGG-like: VGG-16's convolutions, dropout .5, 512 hidden units, head.

    14,986,698 parameters for 10 classes at width 1; with biases before batch norm, as in the
    authors' code (adekhovich/NNrelief, models.py), 14,990,922: the "14.99 M" of the literature.
    """
    convs = spread_convs(config, CONVS[16], hidden=1)
    return VGG(config, image_shape, num_classes, convs=convs, hidden=(512,))
