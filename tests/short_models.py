"""Registered models, and of ResNets the same structures with fewer blocks and stages.

Laws of masks need a stem, a block whose residual is the identity, and one whose shortcut leads to
another stream. More of the same blocks show nothing more; tests/models has them all.
"""

from functools import partial

import torch
from torch import nn

from nvp.config.seed import derive_seed
from nvp.config.trial_config import ModelConfig
from nvp.models import MODELS, Build
from nvp.models.blocks import BasicBlock, Bottleneck
from nvp.models.resnet import ResNet, Stages, make_cifar_stem, make_pool, make_wide_stem

BLOCKS = (2, 2)
THIN = 16  # width of the first stage of CIFAR's own ResNets; 64 of the others


def thin(config: ModelConfig, shape: tuple[int, int, int], classes: int, option: str) -> nn.Module:
    stages = Stages(BLOCKS, THIN, partial(BasicBlock, option=option))
    return ResNet(config, make_cifar_stem(config, shape, THIN), classes, stages=stages)


def wide(
    config: ModelConfig, shape: tuple[int, int, int], classes: int, hidden: tuple[int, ...] = ()
) -> nn.Module:
    stem = make_cifar_stem(config, shape, 64)
    return ResNet(config, stem, classes, stages=Stages(BLOCKS), hidden=hidden)


def pooled(config: ModelConfig, shape: tuple[int, int, int], classes: int) -> nn.Module:
    stem = make_wide_stem(config, shape, "stage1")
    return ResNet(config, stem, classes, stages=Stages(BLOCKS), reduce=make_pool())


def bottleneck(config: ModelConfig, shape: tuple[int, int, int], classes: int) -> nn.Module:
    stem, stages = make_wide_stem(config, shape, ""), Stages(BLOCKS, block=Bottleneck)
    return ResNet(config, stem, classes, stages=stages, reduce=make_pool())


SHORT: dict[str, Build] = {
    "resnet18": wide,
    "resnet18_dropout": partial(wide, hidden=(256, 128)),
    "resnet18_imagenet": pooled,
    "resnet20": partial(thin, option="A"),
    "resnet20_b": partial(thin, option="B"),
    "resnet50": bottleneck,
}


def build_short(
    config: ModelConfig, shape: tuple[int, int, int], classes: int, *, seed: int = 0
) -> nn.Module:
    """Return the network of a name, as `build_model` does, with few blocks if it is a ResNet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "init"))
        return (MODELS | SHORT)[config.name](config, shape, classes)
