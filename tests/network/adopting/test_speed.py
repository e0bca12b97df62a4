"""Adopting costs few forward passes, whatever is wrong; operations are counted as by torch."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nvp.network.adopting.finding import find_anatomy
from nvp.network.adopting.undisturbed import count_operations, undisturbed
from tests.network.adopting.networks import KNOWN, make_images, make_known

torch.set_num_threads(1)
LAYERS = 30


def make_deep(scale: float) -> nn.Sequential:
    torch.manual_seed(0)
    blocks = [make() for _ in range(LAYERS) for make in (lambda: nn.Linear(8, 8), nn.ReLU)]
    layers = [nn.Flatten(), nn.Linear(768, 8), nn.ReLU(), *blocks, nn.Linear(8, 5)]
    network = nn.Sequential(*layers).double()
    for parameter in network[3:-1].parameters():
        parameter.data.mul_(scale)
    return network


@pytest.mark.parametrize("dead", [False, True])
def test_many_layers_do_not_cost_many_forward_passes(dead: bool) -> None:
    network = make_deep(1e-6 if dead else 1.0)  # dead: no mask changes an output
    calls = []
    network.register_forward_pre_hook(lambda module, args: calls.append(1))
    anatomy = find_anatomy(network, make_images(2))
    assert len(anatomy.layers) == LAYERS + 1
    assert all(bool(site.why) is dead for site in anatomy.layers.values())
    assert len(calls) <= 12


@pytest.mark.minutes  # the mode of torch loads its compiler
@pytest.mark.parametrize("name", KNOWN)
def test_operations_are_counted_as_torch_counts_them(name: str) -> None:
    network, images = make_known(name), make_images(2)
    counted = count_operations(network, lambda: network(images))
    with undisturbed(network), FlopCounterMode(display=False) as counter:
        network(images)
    assert counted == counter.get_total_flops() > 0
