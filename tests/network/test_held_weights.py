"""A copy of a pruned network is pruned: its masked weights stay 0 in any loop, as the original's.

Law: however a network was copied, it trains on as the original does, to the last bit.
"""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import nvp
from nvp.network.weight_masks import parameter_masks
from nvp.testing.tiny import Tiny
from tests.network.adopted.test_trials import Residual

torch.set_num_threads(1)
X = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(24) % 3


def save_whole(network: nn.Module) -> nn.Module:
    """Return what `torch.save` and `torch.load` make of a network."""
    file = io.BytesIO()
    torch.save(network, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES: dict[str, Callable[[nn.Module], nn.Module]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda network: pickle.loads(pickle.dumps(network)),
    "saved": save_whole,
    "copy of a copy": lambda network: copy.deepcopy(copy.deepcopy(network)),
}


def make_network(kind: str) -> tuple[nn.Module, Tensor]:
    """Return a network and its images."""
    torch.manual_seed(0)
    if kind == "adopted":
        return nvp.adopt(Residual(), X[:2]), X
    images = X[:, :1, :4, :4]
    return Tiny(norm=True).float(), images


def learn(network: nn.Module, images: Tensor, optim: str, steps: int = 3) -> None:
    """Train as somebody's own loop does; nvp is not asked."""
    rates = {"momentum": 0.9, "weight_decay": 0.01} if optim == "SGD" else {}
    optimizer = getattr(torch.optim, optim)(network.parameters(), lr=0.05, **rates)
    for _ in range(steps):
        loss = F.cross_entropy(network.train()(images), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@settings(max_examples=6, deadline=None)
@given(
    kind=st.sampled_from(["own", "adopted"]),
    method=st.sampled_from(["magnitude_weight", "magnitude"]),
    how=st.lists(st.sampled_from(sorted(COPIES)), min_size=1, max_size=2),
    optim=st.sampled_from(["SGD", "AdamW"]),
    before=st.integers(0, 1),
)
def test_a_copy_trains_on_as_the_original(
    kind: str, method: str, how: list[str], optim: str, before: int
) -> None:
    network, images = make_network(kind)
    nvp.prune(network, method=method, images=images)
    learn(network, images, optim, before)
    twin = network
    for way in how:
        twin = COPIES[way](twin)
    for each in (network, twin):
        learn(each, images, optim)
    tensors, others = network.state_dict(), twin.state_dict()
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensor, others[name]) for name, tensor in tensors.items())
    masks = parameter_masks(twin)
    assert bool(masks) == (method == "magnitude_weight")
    for name, keep in masks.items():
        assert not twin.get_parameter(name)[~keep].any(), name


@pytest.mark.parametrize("kind", ["own", "adopted"])
def test_a_copy_is_held_by_its_own_masks(kind: str) -> None:
    """What is pruned later of the copy is not of the original, and the other way round."""
    network, images = make_network(kind)
    nvp.prune(network, method="magnitude_weight", sparsity=0.3, images=images)
    twin = copy.deepcopy(network)
    nvp.prune(twin, method="magnitude_weight", sparsity=0.8, images=images)
    for each in (network, twin):
        learn(each, images, "SGD")
    zeros = [
        sum(int((each.get_parameter(name) == 0).sum()) for name in parameter_masks(each))
        for each in (network, twin)
    ]
    lost = [
        sum(int((~keep).sum()) for keep in parameter_masks(e).values()) for e in (network, twin)
    ]
    assert zeros == lost
    assert lost[1] > 2 * lost[0] > 0


def test_a_weight_that_was_frozen_when_it_was_pruned_is_held_once_it_trains() -> None:
    network, images = make_network("own")
    network.requires_grad_(False)
    nvp.prune(network, method="magnitude_weight", images=images)
    network.requires_grad_(True)
    learn(network, images, "AdamW")
    for name, keep in parameter_masks(network).items():
        assert not network.get_parameter(name)[~keep].any(), name
