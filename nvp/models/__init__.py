"""Models by name, built of `NeuronLayer`; one file for each family.

    mlp, lenet, convnet, vgg, resnet  the families
    vit                               a transformer of torch's modules, which is adopted
    blocks                            the residual blocks of ResNets
    layers                            the neuron layers that every family is made of
    depth, norms, initialisation      `model.depth`, `model.norm`, and the initial weights
    activations                       ACTIVATIONS by name
    concatenated                      concatenated ReLU: two outputs of each neuron
    own, own_activation               a user's model and activation, by dotted names
    own_checks                        what a user's model must be, so that a study can train it
    pretrained/                       weights by name or from a file, downloaded by the driver alone

A user's own model needs no line here: `model.name=package.module:function` names it. To add one of
nvp's: write `build_x(config, image_shape, num_classes)` in a file here, and a line in MODELS. It
declares in `reads` which group each affine map reads, so that masking is complete.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from nvp.config.dotted_names import SHAPE, is_dotted
from nvp.config.own_settings import Own
from nvp.config.registry import look_up
from nvp.config.seed import derive_seed, kept_streams, seed_libraries
from nvp.config.trial_config import ModelConfig
from nvp.models import convnet, lenet, mlp, resnet, vgg, vit
from nvp.models.activations import ACTIVATIONS as ACTIVATIONS
from nvp.models.activations import check_pairs, find_activation
from nvp.models.depth import check_depth
from nvp.models.initialisation import initialise
from nvp.models.own import build_own, find_own_model
from nvp.models.own_activation import find_own_activation
from nvp.models.own_checks import check_logits
from nvp.models.pretrained import find_source, find_weights, load_weights
from nvp.network.adopted.adopted import Adopted
from nvp.network.own_networks.own_network import check_own_network

Build = Callable[[ModelConfig, tuple[int, int, int], int], nn.Module]
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
OTHER_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

MODELS: dict[str, Build] = {
    "convnet": convnet.build_convnet,
    "lenet300": mlp.build_lenet300,
    "lenet5": lenet.build_lenet5,
    "mlp": mlp.build_mlp,
    "resnet18": resnet.build_resnet18,
    "resnet18_dropout": resnet.build_resnet18_dropout,
    "resnet18_imagenet": resnet.build_resnet18_imagenet,
    "resnet20": partial(resnet.build_cifar, depth=20),
    "resnet20_b": partial(resnet.build_cifar, depth=20, option="B"),
    "resnet32": partial(resnet.build_cifar, depth=32),
    "resnet32_b": partial(resnet.build_cifar, depth=32, option="B"),
    "resnet44": partial(resnet.build_cifar, depth=44),
    "resnet44_b": partial(resnet.build_cifar, depth=44, option="B"),
    "resnet50": resnet.build_resnet50,
    "resnet56": partial(resnet.build_cifar, depth=56),
    "resnet56_b": partial(resnet.build_cifar, depth=56, option="B"),
    "vgg11": partial(vgg.build_vgg, depth=11),
    "vgg13": partial(vgg.build_vgg, depth=13),
    "vgg16": partial(vgg.build_vgg, depth=16),
    "vgg19": partial(vgg.build_vgg, depth=19),
    "vgg_like": vgg.build_vgg_like,
    "vit": vit.build_vit,
}


# what `check_own_network` has found right: a process builds the same network for many trials
CHECKED: set[tuple[Build, ModelConfig, tuple[int, int, int], int]] = set()


def build_model(
    config: ModelConfig,
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    seed: int,
    file: Path | None = None,
) -> nn.Module:
    """Return the network, initialised from the `init` stream of `seed`, then from `config.weights`.

    Args:
        config: the model's part of a trial.
        image_shape: (channels, height, width).
        num_classes: number of logits.
        seed: the trial's seed.
        file: of the weights that `config` names; None = where it is on this machine.

    Raises:
        ValueError: unknown model or activation, images that the model cannot take, wrong `reads`,
            weights that are not there or do not fit, a scale of norms for a model without norms, a
            depth that it has not, a law of weights or biases that it has none of.
    """
    build = find_builder(config.name)
    find_activation(config.activation)
    check_pairs(config)
    with kept_streams():
        seed_libraries(derive_seed(seed, "init"))
        model = build(config, image_shape, num_classes)
        computes = not any(parameter.is_meta for parameter in model.parameters())
        if computes:
            initialise(model, config)
    key = build, config, image_shape, num_classes
    if config.name in MODELS:
        check_depth(config, model)
    if computes and key not in CHECKED and not isinstance(model, Adopted):
        check_own_network(model, image_shape)
        if is_dotted(config.name):
            check_logits(config.name, model, torch.zeros(2, *image_shape), num_classes)
        CHECKED.add(key)
    if config.weights:
        load_weights(model, config, file or find_file(config), num_classes)
    if config.norm_scale != 1:
        scale_norms(model, config.norm_scale)
    return model


def find_file(config: ModelConfig) -> Path:
    """Return the file of a model's weights on this machine; a user's path as it is.

    Raises:
        ValueError: unknown weights, or weights that are not here.
    """
    source = find_source(config)
    if source.path:
        return Path(source.path)  # reading it says what is wrong with it
    found = find_weights(config, ())
    assert found is not None, config
    return Path(found.file)


def find_builder(name: str) -> Build:
    """Return the function that builds a model: of MODELS, or a user's (`mylab.nets:wide`).

    Raises:
        ValueError: unknown name.
    """
    if is_dotted(name):
        find_own_model(name)
        return build_own
    return look_up("model.name", name, MODELS, SHAPE)


def list_own_of_model(config: ModelConfig) -> list[Own]:
    """Return the user's functions that a section names: what reads `model.extra`."""
    found = [find_own_model(config.name)] if is_dotted(config.name) else []
    return found + (
        [find_own_activation(config.activation)] if is_dotted(config.activation) else []
    )


def scale_norms(model: nn.Module, factor: float) -> None:
    """Multiply the scales of batch norms, or where there are none of all norms. Changes `model`.

    The scales of the other norms of a network with batch norms stay, as they always did.
    """
    scaled = [
        [m.weight for m in model.modules() if isinstance(m, kinds) and m.weight is not None]
        for kinds in (BATCH_NORMS, OTHER_NORMS)
    ]
    scales = scaled[0] or scaled[1]
    if not scales:
        raise ValueError(f"model.norm_scale: expected 1 without normalisation, got {factor}")
    with torch.no_grad():
        for scale in scales:
            scale.mul_(factor)
