"""The law: masked is removed, to 1e-10, now and after five more steps; down to one unit."""

import copy

import pytest
import torch
from torch import nn

from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.finding import find_anatomy
from nvp.network.adopting.removing import find_gone, find_least, remove_slots
from tests.network.adopting.masks import (
    OPTIMS,
    Trained,
    choose_gone,
    difference,
    learn,
    make_optimizer,
    mask,
    remove,
)
from tests.network.adopting.networks import PRUNABLE, make_images, make_known

torch.set_num_threads(1)
IMAGES = make_images(6, seed=1)


def find_trained(name: str, optim: str) -> tuple[Trained, Anatomy]:
    """Return a network that has taken two steps, so that its moments are there."""
    network = make_known(name)
    anatomy = find_anatomy(network, make_images(2))
    trained = network, make_optimizer(network, optim)
    learn(trained, IMAGES, 2)
    return trained, anatomy


@pytest.mark.one_in(3)
@pytest.mark.parametrize("optim", OPTIMS)
@pytest.mark.parametrize("name", PRUNABLE)
def test_masked_is_removed_and_stays_so_over_five_steps(name: str, optim: str) -> None:
    trained, anatomy = find_trained(name, optim)
    gone = choose_gone(trained[0], anatomy, 0.5)
    masked, removed = mask(trained, gone), remove(trained, gone)
    assert difference(masked[0], removed[0], IMAGES) < 1e-10
    assert difference(masked[0], trained[0], IMAGES) > 1e-3  # a mask that changes nothing
    assert count(removed[0]) < count(trained[0])
    for one in (masked, removed):
        learn(one, IMAGES, 5)
    assert difference(masked[0], removed[0], IMAGES) < 1e-10


@pytest.mark.parametrize("name", PRUNABLE)
def test_each_group_goes_down_to_one_unit(name: str) -> None:
    (network, optimizer), anatomy = find_trained(name, "sgd")
    for key, group in anatomy.groups.items():
        if group.why:
            continue
        stay = find_least(network, group.slots, torch.tensor([group.size - 1]))
        copied = copy.deepcopy((network, optimizer))
        remove_slots(copied[0], group.slots, stay, copied[1])
        masked, _ = mask((network, optimizer), find_gone(group.slots, stay))
        assert difference(masked, copied[0], IMAGES) < 1e-10, key
        learn(copied, IMAGES, 1)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
