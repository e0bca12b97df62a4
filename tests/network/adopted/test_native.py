"""An adopted ResNet-18 of torchvision is, to nvp, the native one with the same weights."""

import copy

import pytest
import torch
import torchvision
from torch import nn

import nvp
from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.models.pretrained import load_torchvision
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import neuron_layers
from nvp.pruning.removal_policy import measure_dense_size, measure_remaining_size
from nvp.vitality import weight_norms

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
SHAPE = (3, 32, 32)
IMAGES = torch.randn(8, *SHAPE, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(8) % 5


@pytest.fixture(scope="module")
def both() -> tuple[Adopted, nn.Module]:
    """Return (adopted, native), with equal weights."""
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18(num_classes=5)
    for parameter in theirs.parameters():  # scales and shifts that differ
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    own = build_model(ModelConfig(name="resnet18_imagenet"), SHAPE, 5, seed=0)
    load_torchvision(own, theirs.state_dict())
    return nvp.adopt(theirs, IMAGES[:2]), own


def test_they_have_the_same_vitality(both: tuple[Adopted, nn.Module]) -> None:
    adopted, native = (nvp.observe(network, IMAGES) for network in both)
    layers, own = neuron_layers(both[0]), neuron_layers(both[1])
    assert len(layers) == len(own) == 17
    for path, twin in zip(layers, own, strict=True):
        for name in ("mean_abs", "fire_rate", "counts", "variance"):
            one, two = (getattr(o.layers[p], name) for o, p in ((adopted, path), (native, twin)))
            assert torch.equal(one, two), (path, name)
        for kind in ("raw", "folded"):
            one, two = weight_norms(layers[path], kind=kind), weight_norms(own[twin], kind=kind)
            assert torch.equal(one, two)
        assert layers[path].site == own[twin].site
    assert torch.equal(adopted.features, native.features)
    assert measure_dense_size(both[0], SHAPE) == measure_dense_size(both[1], SHAPE)


@pytest.mark.parametrize("method", ["nvp", "slimming", "taylor"])
def test_they_are_pruned_and_shrunk_alike(method: str, both: tuple[Adopted, nn.Module]) -> None:
    adopted, native = copy.deepcopy(both)
    for network in (adopted, native):
        found = nvp.prune(network, method=method, sparsity=0.6, images=IMAGES, labels=LABELS)
        assert found
    pairs = zip(neuron_layers(adopted).values(), neuron_layers(native).values(), strict=True)
    assert all(torch.equal(one.keep, two.keep) for one, two in pairs)
    assert measure_remaining_size(adopted, SHAPE) == measure_remaining_size(native, SHAPE)
    nvp.shrink(adopted)
    nvp.shrink(native)
    assert measure_dense_size(adopted, SHAPE) == measure_dense_size(both[1], SHAPE)
    with torch.no_grad():
        assert torch.allclose(adopted.eval()(IMAGES), native.eval()(IMAGES), atol=1e-5)
