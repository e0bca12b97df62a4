"""A small vision transformer: patches, pre-norm blocks of attention and an MLP, mean over tokens.

Its neurons are the hidden units of its MLPs, each seen over all tokens. It is written of torch's
own modules and adopted, so that they are masked, removed, exported and counted as in any such
network. Width 1 has 4 heads of 16 channels and 256 hidden units; `model.width` multiplies both,
`model.depth` is the number of blocks. The layer norms are the architecture's: `model.norm` is not
read.

Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021. Differs: the head reads the mean
of all tokens instead of a class token (Beyer et al., "Better plain ViT baselines", 2022).
"""

import math

import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.activations import make_activation
from nvp.models.depth import choose_depth
from nvp.models.layers import scale_width
from nvp.models.own import adopt_once

HEADS, CHANNELS, HIDDEN, BLOCKS = 4, 16, 256, 4
PATCHES = {16: 2, 64: 4, 128: 8}  # {images smaller than this: side of a patch}
LARGEST = 16


class Attention(nn.Module):
    """Self-attention of `HEADS` heads; its products are written out, so that each is counted."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        images, tokens, width = x.shape
        parts = self.project(x).view(images, tokens, 3, HEADS, width // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        looks = (query @ key.mT / math.sqrt(width // HEADS)).softmax(-1)
        mixed = looks @ value
        return self.out(mixed.transpose(1, 2).reshape(images, tokens, width))


class Block(nn.Module):
    """Attention, then an MLP whose hidden units are the neurons; each behind a layer norm."""

    def __init__(self, config: ModelConfig, width: int) -> None:
        super().__init__()
        hidden = scale_width(HIDDEN, config)
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width)
        self.norm2, self.up = nn.LayerNorm(width), nn.Linear(width, hidden)
        self.activation = make_activation(config)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.down(self.activation(self.up(self.norm2(x))))


class ViT(nn.Module):
    """Patches and their learned positions, blocks, a layer norm, the mean over tokens, head."""

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
    ) -> None:
        super().__init__()
        channels, height, width = image_shape
        side = choose_patch(image_shape)
        tokens, features = (height // side) * (width // side), HEADS * scale_width(CHANNELS, config)
        self.patches = nn.Conv2d(channels, features, side, stride=side)
        self.positions = nn.Parameter(torch.empty(1, tokens, features))
        nn.init.trunc_normal_(self.positions, std=0.02)
        blocks = choose_depth(config, BLOCKS)
        self.blocks = nn.Sequential(*(Block(config, features) for _ in range(blocks)))
        self.norm = nn.LayerNorm(features)
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.blocks(x)).mean(1))


def choose_patch(image_shape: tuple[int, int, int]) -> int:
    """Return the side of a patch: 2 of digits, 4 of MNIST and CIFAR, 8 of 64x64, 16 above 128.

    Raises:
        ValueError: images that patches do not fill.
    """
    height, width = image_shape[1:]
    side = next((p for below, p in PATCHES.items() if min(height, width) < below), LARGEST)
    if height % side or width % side:
        nearest = tuple(max(side, side * round(n / side)) for n in (height, width))
        raise ValueError(
            f"vit: expected images whose sides are multiples of {side}, which is the side of a "
            f"patch, got {(height, width)} (nearest: {nearest})"
        )
    return side


def build_vit(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the adopted network: 207,946 parameters for CIFAR-10 at width 1.

    Raises:
        ValueError: images that patches do not fill; an activation in which no neuron is seen.
    """
    model = ViT(config, image_shape, num_classes)
    if model.head.weight.is_meta:
        return model
    return adopt_once(config, model, torch.zeros(2, *image_shape), num_classes)
