"""Networks of torchvision, timm and transformers: some drawn at random, and those named before."""

import os
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.finding import find_anatomy
from tests.network.adopting.masks import (
    OPTIMS,
    choose_gone,
    difference,
    learn,
    make_optimizer,
    mask,
    remove,
)

torch.set_num_threads(1)
PIXELS = 64
NOT_TRIED = ("maxvit_t", "inception_v3")  # they take larger images only
LAYERS = {  # (layers, prunable layers) of spec: what was measured before adopting was written
    "resnet18": (17, 17),
    "mobilenet_v2": (35, 35),
    "densenet121": (121, 121),
    "efficientnet_b0": (49, 49),
    "convnext_tiny": (18, 18),
    "googlenet": (57, 57),
    "shufflenet_v2_x0_5": (37, 18),
    "vit_b_16": (12, 12),
    "swin_t": (12, 12),
}


def make(name: str) -> tuple[nn.Module, int]:
    """Return a classifier with random weights, and its size of images."""
    more: dict[str, Any] = {"init_weights": False} if name == "googlenet" else {}
    if name.startswith("vit"):
        more["image_size"] = 32
    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None, num_classes=10, **more)
    return spread_constants(network).double(), more.get("image_size", PIXELS)


def spread_constants(network: nn.Module) -> nn.Module:
    """Make constant parameters random: a head of zeros would hide any mistake. Changes it."""
    with torch.no_grad():
        for parameter in network.parameters():
            if bool((parameter == parameter.flatten()[0]).all()):
                parameter.uniform_(0.5, 1.5)
    return network


def images_of(pixels: int, count: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, pixels, pixels, generator=rng, dtype=torch.float64)


def small_classifiers() -> list[str]:
    """Return the classifiers of torchvision with less than 6 M weights, quick ones."""
    found = []
    for name in torchvision.models.list_models(torchvision.models):
        facts = torchvision.models.get_model_weights(name).DEFAULT.meta  # type: ignore[attr-defined]
        if facts["num_params"] < 6e6 and facts["_ops"] < 0.5 and name not in NOT_TRIED:
            found.append(name)
    return found


def check_law(network: nn.Module, anatomy: Anatomy, images: Tensor) -> None:
    """Half of the units, masked and removed, give the same outputs; neither those of before."""
    with torch.no_grad():
        network.train()(images)  # statistics of BatchNorm
    trained = network, make_optimizer(network, "sgd")
    gone = choose_gone(network, anatomy, 0.5)
    masked, removed = mask(trained, gone)[0], remove(trained, gone)[0]
    assert difference(masked, removed, images) < 1e-10
    assert difference(masked, network, images) > 1e-6


@pytest.mark.one_in(3)
@pytest.mark.parametrize("draw", range(3))
def test_a_classifier_of_torchvision_drawn_at_random(draw: int) -> None:
    seed = int(os.environ.get("NVP_DRAW", random.SystemRandom().randrange(10**6)))
    name = random.Random(seed).choice(small_classifiers())
    sys.stdout.write(f"NVP_DRAW={seed} draws {name}\n")
    network, pixels = make(name)
    anatomy = find_anatomy(network, images_of(pixels, 1))
    assert anatomy.layers, name
    assert any(not group.why for group in anatomy.groups.values()), name
    check_law(network, anatomy, images_of(pixels, 2))


@pytest.mark.minutes
@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_networks_that_were_measured_before(name: str) -> None:
    network, pixels = make(name)
    anatomy = find_anatomy(network, images_of(pixels, 1))
    prunable = sum(not site.why for site in anatomy.layers.values())
    assert (len(anatomy.layers), prunable) == LAYERS[name]
    images = images_of(pixels, 4, seed=1)
    optims = OPTIMS if name in ("resnet18", "mobilenet_v2", "densenet121") else OPTIMS[:1]
    for optim in optims:
        network, _ = make(name)
        trained = network, make_optimizer(network, optim)
        learn(trained, images, 2)
        gone = choose_gone(network, anatomy, 0.5)
        masked, removed = mask(trained, gone), remove(trained, gone)
        assert difference(masked[0], network, images) > 1e-6
        for one in (masked, removed):
            learn(one, images, 5)
        assert difference(masked[0], removed[0], images) < 1e-10


def make_bert() -> nn.Module:
    import transformers

    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.BertConfig(
        **size, vocab_size=50, intermediate_size=24, num_labels=3, hidden_dropout_prob=0.0
    )
    return transformers.BertForSequenceClassification(config)


def make_distilbert() -> nn.Module:
    import transformers

    size = {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24}
    config = transformers.DistilBertConfig(**size, vocab_size=50, num_labels=3)
    return transformers.DistilBertForSequenceClassification(config)


@pytest.mark.parametrize("make_text", [make_bert, make_distilbert])
def test_a_text_classifier_of_two_layers(make_text: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    network = spread_constants(make_text()).double().eval()
    ids = torch.randint(1, 50, (2, 7), generator=torch.Generator().manual_seed(0))
    tokens = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    anatomy = find_anatomy(network, tokens)
    sizes = [anatomy.groups[site.group].size for site in anatomy.layers.values() if not site.why]
    assert sizes == [24, 24, 16]  # two blocks, and the layer before the logits
    trained = network, make_optimizer(network, "sgd")
    gone = choose_gone(network, anatomy, 0.5)
    with torch.no_grad():
        whole = network(**tokens).logits
        masked = mask(trained, gone)[0](**tokens).logits
        removed = remove(trained, gone)[0](**tokens).logits
    assert (masked - removed).abs().max() < 1e-10 * masked.abs().max()
    assert (masked - whole).abs().max() > 1e-3 * whole.abs().max()


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
def test_small_networks_of_timm(name: str) -> None:
    import timm

    torch.manual_seed(0)
    more = {"img_size": PIXELS} if name == "test_vit" else {}
    network = spread_constants(timm.create_model(name, pretrained=False, num_classes=5, **more))
    anatomy = find_anatomy(network.double(), images_of(PIXELS, 1))
    assert len(anatomy.layers) >= 4
    assert all(not site.why for site in anatomy.layers.values()), anatomy
    check_law(network, anatomy, images_of(PIXELS, 2))
