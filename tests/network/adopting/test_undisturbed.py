"""Looking leaves no trace: parameters, buffers, modes, gradients, random state, hooks."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from nvp.network.adopting.finding import find_anatomy
from tests.network.adopting.networks import KNOWN, Encoder, make_images, make_known

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)


class Raises(nn.Module):
    """A network whose forward pass fails half way."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError(self.body(x).shape)


def state_of(network: nn.Module) -> dict[str, Any]:
    """Return all that could have changed, as copies and identities."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    attributes = ("groups", "in_channels", "out_channels", "num_features", "momentum")
    return {
        "identity": {name: id(tensor) for name, tensor in tensors.items()},
        "memory": {name: tensor.data_ptr() for name, tensor in tensors.items()},
        "values": {name: tensor.detach().clone() for name, tensor in tensors.items()},
        "gradients": {n: None if t.grad is None else t.grad.clone() for n, t in tensors.items()},
        "modes": [module.training for module in network.modules()],
        "hooks": [len(getattr(m, hook)) for m in network.modules() for hook in hooks],
        "sizes": [getattr(m, key, None) for m in network.modules() for key in attributes],
        "random": torch.get_rng_state(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "gradients on": torch.is_grad_enabled(),
    }


def check_same(before: Any, after: Any) -> None:
    assert type(before) is type(after)
    if isinstance(before, dict):
        assert before.keys() == after.keys()
        for key in before:
            check_same(before[key], after[key])
    elif isinstance(before, Tensor):
        assert torch.equal(before, after)
    else:
        assert before == after


def make_mixed(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network with gradients, some modules of which are in train mode."""
    network = make()
    for index, module in enumerate(network.modules()):
        module.training = index % 3 != 1
    for index, parameter in enumerate(network.parameters()):
        parameter.grad = torch.full_like(parameter, index)
        parameter.requires_grad_(index % 4 != 2)
    return network


@pytest.mark.parametrize("name", KNOWN)
def test_finding_leaves_no_trace(name: str) -> None:
    network = make_mixed(lambda: make_known(name))
    before = state_of(network)
    find_anatomy(network, make_images(2))
    check_same(before, state_of(network))


def test_finding_leaves_no_trace_where_the_check_rejects_units() -> None:
    network = make_mixed(lambda: torchvision.models.ShuffleNetV2([1, 2, 1], [8, 16, 24, 32, 40]))
    before = state_of(network)
    anatomy = find_anatomy(network, torch.randn(2, 3, 32, 32, generator=torch.Generator()))
    assert 0 < sum(bool(group.why) for group in anatomy.groups.values()) < len(anatomy.groups)
    check_same(before, state_of(network))


def test_finding_leaves_no_trace_when_the_forward_pass_raises() -> None:
    network = make_mixed(Raises)
    before = state_of(network)
    with pytest.raises(KeyError):
        find_anatomy(network, torch.zeros(2, 3, 8, 8))
    check_same(before, state_of(network))


@pytest.mark.parametrize("name", ["gated", "encoder", "tied"])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_are_the_same_bit_by_bit_afterwards(name: str, training: bool) -> None:
    network, images = make_known(name).train(training), make_images(4)
    state = torch.get_rng_state()
    torch.manual_seed(1)
    before = network(images)
    fresh = make_known(name).train(training)
    find_anatomy(fresh, make_images(2))
    torch.manual_seed(1)
    assert torch.equal(before, fresh(images))
    torch.set_rng_state(state)


def test_the_example_is_not_written_to() -> None:
    class Writes(Encoder):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.mul_(2))

    images = make_images(2)
    find_anatomy(Writes().double(), images)
    assert torch.equal(images, make_images(2))
