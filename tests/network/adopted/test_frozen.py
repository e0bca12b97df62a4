"""A layer that was frozen when it was adopted keeps its masked weights at 0 once it trains."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nvp

torch.set_num_threads(1)
IMAGES = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


@pytest.mark.parametrize("method", ["magnitude", "magnitude_weight"])
@pytest.mark.parametrize("is_copied", [False, True])
def test_masked_weights_stay_0(method: str, is_copied: bool) -> None:
    network = nvp.adopt(make_network().requires_grad_(requires_grad=False), IMAGES)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    nvp.prune(network, method=method, sparsity=0.5, images=IMAGES)
    network = copy.deepcopy(network) if is_copied else network
    zeros = {name: value == 0 for name, value in network.named_parameters() if value.ndim > 1}
    assert sum(int(zero.sum()) for zero in zeros.values()) > 100
    network.requires_grad_(requires_grad=True)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(network(IMAGES), torch.arange(16) % 5).backward()
        optimizer.step()
    for name, zero in zeros.items():
        assert not network.get_parameter(name)[zero].any(), name
