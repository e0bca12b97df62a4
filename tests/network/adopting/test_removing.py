"""Removal itself: the same parameters, their moments, their layout; what is refused."""

import pytest
import torch
import torchvision
from torch import nn

from nvp.network.adopting.finding import find_anatomy
from nvp.network.adopting.removing import find_least, remove_slots
from tests.network.adopting.masks import difference, learn, mask
from tests.network.adopting.networks import GroupedTransposed, Groups, make_images, make_known

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
IMAGES = make_images(4)


def test_parameters_stay_the_same_objects_and_moments_go_along() -> None:
    network = make_known("gated")
    anatomy = find_anatomy(network, IMAGES)
    optimizer = torch.optim.Adam(network.parameters())
    learn((network, optimizer), IMAGES, 1)
    before = list(network.parameters())
    slots = anatomy.groups["act"].slots
    expected = optimizer.state[network.deep.weight]["exp_avg"][[1, 4]].clone()  # type: ignore[index]
    remove_slots(network, slots, torch.tensor([1, 4]), optimizer)
    after = list(network.parameters())
    assert all(one is other for one, other in zip(before, after, strict=True))
    for parameter in after:
        for moment in ("exp_avg", "exp_avg_sq"):
            assert optimizer.state[parameter][moment].shape == parameter.shape
    assert torch.equal(optimizer.state[network.deep.weight]["exp_avg"], expected)  # type: ignore[index]
    learn((network, optimizer), IMAGES, 1)


def test_modules_say_their_new_sizes() -> None:
    network = make_known("gated")
    slots = find_anatomy(network, IMAGES).groups["act"].slots
    remove_slots(network, slots, torch.tensor([0, 3, 5]))
    assert "Conv2d(3, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=3)" in str(
        network
    )
    assert "Conv2d(3, 4, kernel_size=(1, 1)" in str(network)
    assert "BatchNorm2d(3," in str(network)
    assert "Linear(in_features=3, out_features=5" in str(network)
    grouped = Groups().double()
    anatomy = find_anatomy(grouped, IMAGES)
    remove_slots(grouped, anatomy.groups["forward"].slots, torch.tensor([2]))
    assert (grouped.norm.num_groups, grouped.norm.num_channels, grouped.grouped.groups) == (1, 4, 1)
    assert (grouped.grouped.in_channels, grouped.grouped.out_channels) == (4, 6)
    up = GroupedTransposed().double()
    remove_slots(up, find_anatomy(up, IMAGES).groups["forward"].slots, torch.tensor([0, 1]))
    assert (up.up.in_channels, up.up.out_channels, up.up.groups) == (4, 6, 2)


def test_channels_last_stays_channels_last() -> None:
    network = torchvision.models.resnet18(num_classes=5).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    images = torch.randn(2, 3, 32, 32).to(memory_format=torch.channels_last)
    anatomy = find_anatomy(network, images)
    learn((network, optimizer), images, 1)
    path = "layer1.0.relu"
    remove_slots(network, anatomy.groups[path].slots, torch.arange(5), optimizer)
    weight = network.layer1[0].conv1.weight
    assert weight.shape[:2] == (5, 64)
    moment = optimizer.state[weight]["momentum_buffer"]
    assert weight.stride() == moment.stride()
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", [torch.optim.Adafactor, torch.optim.LBFGS])
def test_an_optimizer_with_other_state_is_refused_by_name(
    kind: type[torch.optim.Optimizer],
) -> None:
    network = make_known("bare")
    (group,) = find_anatomy(network, IMAGES).groups.values()
    optimizer = kind(network.parameters(), lr=1e-3)  # type: ignore[call-arg]

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = network(IMAGES).square().mean()
        value.backward()
        return value

    optimizer.step(loss)
    shapes = [parameter.shape for parameter in network.parameters()]
    with pytest.raises(ValueError, match=kind.__name__):
        remove_slots(network, group.slots, torch.tensor([0]), optimizer)
    assert [parameter.shape for parameter in network.parameters()] == shapes


def test_nothing_is_left_empty() -> None:
    network = make_known("written")
    (group,) = find_anatomy(network, IMAGES).groups.values()
    with pytest.raises(ValueError, match=r"two\.weight"):
        remove_slots(network, group.slots, torch.tensor([0]))
    stay = find_least(network, group.slots, torch.tensor([0]))
    assert len(stay) == 2
    remove_slots(network, group.slots, stay)
    assert network(IMAGES).shape == (4, 5)


def test_one_group_after_another_with_buffers_and_a_tied_weight() -> None:
    network = make_known("tied")
    (group,) = find_anatomy(network, IMAGES).groups.values()
    masked, _ = mask((network, torch.optim.SGD(network.parameters())), {})
    remove_slots(network, group.slots, torch.arange(12))
    assert difference(network, masked, IMAGES) == 0
    remove_slots(network, group.slots, torch.tensor([7]))
    assert (network.encoder.out_features, network(IMAGES).shape) == (1, (4, 5))


def test_a_module_that_shares_a_parameter_says_its_new_size_too() -> None:
    body, head = nn.Linear(768, 6), nn.Linear(6, 768, bias=False)
    head.weight = nn.Parameter(torch.randn(768, 6))
    other = nn.Linear(6, 768, bias=False)
    other.weight = head.weight
    network = nn.Sequential(nn.Flatten(), body, nn.ReLU(), head, nn.Tanh(), nn.Linear(768, 2))
    network.register_module("other", other)
    network.forward = lambda x: nn.Sequential.forward(network[:6], x)  # type: ignore[method-assign]
    anatomy = find_anatomy(network.double(), IMAGES)
    remove_slots(network, anatomy.groups["2"].slots, torch.tensor([0, 1]))
    assert (other.in_features, head.in_features) == (2, 2)
