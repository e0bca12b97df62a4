"""A network of NeuronLayer that could not be pruned rightly is refused when it is built."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils import weight_norm as old_weight_norm  # pyright: ignore[reportDeprecated]

import nvp
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.own_networks.own_network import check_own_network

torch.set_num_threads(1)
SHAPE = (3, 8, 8)
READS = {"second": "first", "head": "second"}


def relu(affine: nn.Module, norm: nn.Module | None = None) -> NeuronLayer:
    return NeuronLayer(affine, norm, nn.ReLU())  # type: ignore[arg-type]


class Chain(nn.Module):
    """Two convolutions and a head; each case changes one thing."""

    def __init__(self, first: nn.Module | None = None, second: nn.Module | None = None) -> None:
        super().__init__()
        self.first = relu(first or nn.Conv2d(3, 8, 3, padding=1))
        self.second = relu(second or nn.Conv2d(8, 8, 3, padding=1))
        self.head: nn.Module = nn.Linear(8, 5)
        self.reads: object = READS

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x)).mean((2, 3)))


class Twice(Chain):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.second(self.first(x))).mean((2, 3)))


class Bypassed(Chain):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second.affine(self.first(x)).relu().mean((2, 3)))


class Tokens(Chain):
    def __init__(self) -> None:
        super().__init__()
        self.second = relu(nn.Linear(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x).flatten(2).mT).mean(1))


def head_of_neurons() -> nn.Module:
    model = Chain()
    model.head = relu(nn.Linear(8, 5))
    return model


def shared() -> nn.Module:
    model = Chain(nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1))
    model.head = nn.Linear(3, 5)
    model.second.affine.weight = model.first.affine.weight
    return model


def old_norm() -> nn.Module:
    normed = old_weight_norm(nn.Conv2d(8, 8, 3))  # pyright: ignore[reportDeprecated]
    return Chain(second=normed)


def read_by(reads: object) -> nn.Module:
    model = Chain()
    model.reads = reads
    return model


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "grouped": (lambda: Chain(second=nn.Conv2d(8, 8, 3, padding=1, groups=4)),
                "second is a convolution of 4 groups, which can only be removed whole"),
    "grouped first": (lambda: Chain(first=nn.Conv2d(3, 9, 3, padding=1, groups=3),
                                    second=nn.Conv2d(9, 8, 3, padding=1)),
                      "first is a convolution of 3 groups"),
    "depthwise": (lambda: Chain(second=nn.Conv2d(8, 8, 3, padding=1, groups=8)),
                  "second is a convolution of 8 groups"),
    "called twice": (Twice, "second is a NeuronLayer that a forward pass calls 2 times: expected "
                            "once"),
    "bypassed": (Bypassed, "second is a NeuronLayer that no forward pass calls"),
    "tokens": (Tokens, "second is a NeuronLayer that puts out (1, 64, 8): expected (images, 8)"),
    "logits": (head_of_neurons, "head is a NeuronLayer and puts out the logits"),
    "shared": (shared, "first and second share a parameter"),
    "transposed": (lambda: Chain(nn.ConvTranspose2d(3, 3, 3), nn.Conv2d(3, 8, 3)),
                   "first is a NeuronLayer of a ConvTranspose2d: expected nn.Conv2d or nn.Linear"),
    "weight norm": (lambda: Chain(second=parametrizations.weight_norm(nn.Conv2d(8, 8, 3))),
                    "the weight of second.affine is computed from other parameters"),
    "old weight norm": (old_norm,
                        "the weight of second.affine is computed from other parameters"),
    "spectral norm": (lambda: Chain(second=parametrizations.spectral_norm(nn.Conv2d(8, 8, 3))),
                      "the weight of second.affine is computed from other parameters"),
    "reads of a list": (lambda: read_by(["first"]), "model.reads: expected a mapping from the "
                        "path of a map to the group that it reads, got list"),
    "key": (lambda: read_by({"secnd": "first", "head": "second"}), "(did you mean 'second'?)"),
    "value": (lambda: read_by({"second": "frist", "head": "second"}), "(did you mean 'first'?)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line_with_the_reason(name: str) -> None:
    make, said = REFUSED[name]
    model = make()
    with pytest.raises(ValueError, match="^model") as refused:
        check_own_network(model, SHAPE)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("name", ["called twice", "key", "value", "tokens"])
def test_nvp_prune_refuses_it_too(name: str) -> None:
    make, said = REFUSED[name]
    with pytest.raises(ValueError, match="^model") as refused:
        nvp.prune(make(), images=torch.rand(8, *SHAPE))
    assert said in str(refused.value)


@pytest.mark.parametrize("groups", [1, 4])
def test_a_grouped_convolution_without_reads_is_masked_and_never_removed(groups: int) -> None:
    model = Chain(second=nn.Conv2d(8, 8, 3, padding=1, groups=groups))
    model.reads = {}
    check_own_network(model, SHAPE)
    masked = nvp.prune(model, images=torch.rand(8, *SHAPE), method="magnitude")
    assert sum(masked.values()) == 8
    assert nvp.shrink(model) == {}


class Foreign(nn.Module):
    """The network that is refused above, of torch's own modules: what the message advises."""

    def __init__(self, groups: int, times: int) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 5)
        self.second, self.times = nn.Conv2d(8, 8, 3, padding=1, groups=groups), times

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()
        for _ in range(self.times):
            x = self.second(x).relu()
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize(("groups", "times"), [(4, 1), (1, 2)])
def test_the_remedy_works(groups: int, times: int) -> None:
    images = torch.rand(8, *SHAPE)
    network = nvp.adopt(Foreign(groups, times), images[:1])
    nvp.prune(network, images=images, method="magnitude")
    expected = network(images)
    assert nvp.shrink(network)
    assert torch.allclose(network(images), expected, atol=1e-5)
