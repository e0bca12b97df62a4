"""torch.compile: adopt first, then compile; nvp takes either of the two."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import nvp
from nvp.monitor.probe import read_probe
from nvp.monitor.watched import find_watched

torch.set_num_threads(1)
IMAGES = torch.randn(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 3))


class OptimizedModule(nn.Module):
    """Answers for the network inside, as the module that torch.compile returns does."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._orig_mod = network

    def __getattr__(self, name: str) -> object:
        if name == "_orig_mod":
            return super().__getattr__(name)
        return getattr(self._modules["_orig_mod"], name)

    def forward(self, x: Tensor) -> Tensor:
        return self._modules["_orig_mod"](x)  # type: ignore[misc]


def test_a_compiled_network_is_refused_with_the_order_that_works() -> None:
    with pytest.raises(ValueError, match="adopt the network itself, then compile") as refused:
        nvp.adopt(OptimizedModule(make_network()), IMAGES)
    assert "\n" not in str(refused.value)


def test_the_adopted_network_is_found_in_the_compiled_one() -> None:
    network = nvp.adopt(make_network(), IMAGES)
    for around in (OptimizedModule(network), nn.DataParallel(OptimizedModule(network))):
        assert list(nvp.observe(around, IMAGES).layers) == ["2"]
        assert find_watched(around, read_probe(IMAGES)) is network


@pytest.mark.minutes  # loading the compiler takes long
def test_masks_and_removals_hold_in_a_compiled_network(tmp_path: Path) -> None:
    network = nvp.adopt(make_network(), IMAGES)
    compiled = torch.compile(network, backend="eager")
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)

    def learn() -> None:
        for _ in range(3):
            optimizer.zero_grad()
            compiled(IMAGES).square().sum().backward()
            optimizer.step()

    learn()
    with nvp.Monitor(compiled, IMAGES, study="s", storage=tmp_path) as monitor:
        assert monitor.network is network
        monitor.observe(0)
        nvp.prune(compiled, optimizer, method="magnitude", sparsity=0.5, images=IMAGES)
        zeros = {name: value == 0 for name, value in network.named_parameters()}
        assert sum(int(zero.sum()) for zero in zeros.values()) > 190
        learn()
        for name, zero in zeros.items():
            assert not network.get_parameter(name)[zero].any()
        nvp.shrink(compiled, optimizer)
        learn()
        assert [len(value) for value in network.parameters()][:2] == [3, 3]
        assert torch.equal(compiled(IMAGES), network(IMAGES))
        seen = monitor.observe(1)
        assert seen.sparsity == 0.5
        monitor.finish()
