"""A second opinion that knows none of the rules: where a NaN arrives is what the anatomy says."""

from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock

from nvp.network.adopting.finding import find_anatomy
from tests.network.adopting.nan_probe import expected_columns, probe_columns
from tests.network.adopting.networks import PRUNABLE, make_images, make_known

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)


def check_columns(network: nn.Module, images: Any) -> int:
    """Compare all columns; return how many of them a unit reaches."""
    anatomy, count = find_anatomy(network, images), 0
    for name, group in anatomy.groups.items():
        if not group.why:
            probed = probe_columns(network, images, anatomy, name)
            expected = expected_columns(anatomy, name, probed)
            for place, columns in probed.items():
                assert torch.equal(columns, expected[place]), (name, place)
                count += int((columns > 0).sum())
    return count


@pytest.mark.parametrize("name", PRUNABLE)
def test_nan_arrives_at_the_columns_of_its_unit(name: str) -> None:
    assert check_columns(make_known(name), make_images(2)) > 0


def test_nan_arrives_at_the_columns_of_its_unit_in_a_resnet() -> None:
    network = torchvision.models.ResNet(BasicBlock, [1, 2, 1, 1], num_classes=10)
    columns = [m.weight.shape[1] for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert check_columns(network, torch.randn(2, 3, 32, 32)) == sum(columns) - 3  # of the images


def test_nan_arrives_at_the_columns_of_its_unit_in_a_densenet() -> None:
    network = torchvision.models.DenseNet(8, (2, 2), 8, num_classes=5)
    assert check_columns(network, torch.randn(2, 3, 32, 32)) > 100


@pytest.mark.minutes
@pytest.mark.parametrize("name", ["mobilenet_v2", "googlenet", "shufflenet_v2_x0_5"])
def test_nan_arrives_at_the_columns_of_its_unit_in_torchvision(name: str) -> None:
    more = {"init_weights": False} if name == "googlenet" else {}
    network = torchvision.models.get_model(name, weights=None, num_classes=10, **more)
    assert check_columns(network, torch.randn(2, 3, 32, 32)) > 1000
