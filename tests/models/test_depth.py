"""Depth: as many hidden layers as are asked for, the published ones at 0, others refused."""

import pytest
import torch

from nvp.config.identity import trial_id
from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.testing import ModelSuite
from nvp.testing.law import Law
from nvp.testing.model_case import ModelCase
from nvp.trial.validation import check_trial

torch.set_num_threads(1)
SHAPE = (3, 16, 16)
OWN = {"mlp": 2, "lenet300": 2, "convnet": 4, "vgg11": 8, "vgg_like": 14}
WIDTHS = {
    ("mlp", 1): (128,),
    ("mlp", 5): (128,) * 5,
    ("lenet300", 4): (300, 100, 100, 100),
    ("convnet", 2): (32, 128),
    ("convnet", 6): (32, 64, 64, 64, 64, 128),
    ("vgg11", 5): (64, 128, 256, 512, 512),
    ("vgg16", 7): (64, 128, 256, 512, 512, 512, 512),
    ("vgg16", 10): (64, 64, 128, 128, 256, 256, 512, 512, 512, 512),
    ("vgg_like", 6): (64, 128, 256, 512, 512, 512),
}


def make(name: str, depth: int, width: float = 1.0) -> torch.nn.Module:
    config = ModelConfig(name=name, depth=depth, width=width)
    return build_model(config, SHAPE, 5, seed=0)


@pytest.mark.parametrize(("name", "depth"), WIDTHS)
def test_the_widths_of_a_depth(name: str, depth: int) -> None:
    layers = neuron_layers(make(name, depth)).values()
    assert tuple(len(layer.keep) for layer in layers) == WIDTHS[name, depth]


@pytest.mark.parametrize("name", OWN)
def test_the_published_depth_is_that_of_0(name: str) -> None:
    asked, own = (make(name, depth, width=0.125).state_dict() for depth in (OWN[name], 0))
    assert list(asked) == list(own)
    assert all(torch.equal(asked[key], own[key]) for key in own)


def test_a_vgg_of_the_depth_of_another_vgg_is_that_one() -> None:
    asked, published = (make(*of, 0.1).state_dict() for of in (("vgg11", 10), ("vgg13", 0)))
    assert all(torch.equal(asked[key], published[key]) for key in published)


def test_five_layers_of_256_are_an_mlp_of_depth_5_and_width_2() -> None:
    layers = neuron_layers(make("mlp", 5, width=2.0)).values()
    assert [len(layer.keep) for layer in layers] == [256] * 5


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", ["mlp", "convnet", "vgg11"])
@pytest.mark.parametrize("law", ModelSuite.laws, ids=lambda law: law.__name__)
def test_the_laws_hold_at_another_depth(law: Law, name: str) -> None:
    depth = OWN[name] + 1
    law(ModelCase(ModelConfig(name=name, depth=depth, width=0.1), SHAPE, 5, modes=(True,)))


@pytest.mark.parametrize(
    ("name", "depth", "wanted"),
    [
        ("convnet", 1, "expected 2 to 1000 hidden layers of convnet, or 0 for its own 4, got 1"),
        ("convnet", 1, "(nearest: 2)"),
        ("mlp", 5000, "(nearest: 1000)"),
        ("vgg16", 3, "(nearest: 5)"),
        ("resnet20", 4, "expected 0 or 19, since resnet20 has 19 hidden layers and no other"),
        ("lenet5", 4, "or take mlp, lenet300, convnet, a vgg or vit"),
        ("vit", 2000, "(nearest: 1000)"),
    ],
)
def test_a_depth_that_a_network_has_not_is_refused_before_a_trial(name, depth, wanted) -> None:
    config = TrialConfig().with_overrides({"model.name": name, "model.depth": depth})
    with pytest.raises(ValueError, match=r"^model\.depth: expected") as refused:
        check_trial(config)
    assert wanted in str(refused.value)


def test_only_another_depth_makes_another_trial() -> None:
    same, other = (TrialConfig().with_overrides({"model.depth": depth}) for depth in (0, 3))
    assert trial_id(same) == trial_id(TrialConfig()) != trial_id(other)
