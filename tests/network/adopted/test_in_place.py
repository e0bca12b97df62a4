"""Activations in place, also as statements: gates and maps are those of the same network without.

`F.relu_(x)` changes x and its result may go unused, so what a tap puts in its
place must get into x.
"""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nvp
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images
from nvp.network.adopted.adopted import Adopted
from nvp.pruning.sensitivity import Sensitivity

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
Act = Callable[[Tensor], object]
# what is called as a statement, and the same function out of place
STATEMENTS: dict[str, tuple[Act, Callable[[Tensor], Tensor]]] = {
    "F.relu_": (F.relu_, F.relu),
    "torch.relu_": (torch.relu_, F.relu),
    "Tensor.relu_": (lambda x: x.relu_(), F.relu),
    "F.relu, by keyword": (lambda x: F.relu(x, inplace=True), F.relu),
    "F.relu, by position": (lambda x: F.relu(x, True), F.relu),
    "F.relu, input by keyword": (lambda x: F.relu(input=x, inplace=True), F.relu),
    "nn.ReLU": (nn.ReLU(inplace=True), F.relu),
    "nn.ReLU6": (nn.ReLU6(inplace=True), F.relu6),
    "nn.LeakyReLU": (nn.LeakyReLU(0.1, inplace=True), lambda x: F.leaky_relu(x, 0.1)),
    "nn.ELU": (nn.ELU(inplace=True), F.elu),
    "nn.SiLU": (nn.SiLU(inplace=True), F.silu),
    "nn.Hardswish": (nn.Hardswish(inplace=True), F.hardswish),
    "nn.Hardtanh": (nn.Hardtanh(-1.0, 2.0, inplace=True), lambda x: F.hardtanh(x, -1.0, 2.0)),
    "nn.Threshold": (nn.Threshold(0.1, 0.0, inplace=True), lambda x: F.threshold(x, 0.1, 0.0)),
    "Tensor.clamp_": (lambda x: x.clamp_(min=0), F.relu),
    "Tensor.tanh_": (lambda x: x.tanh_(), torch.tanh),
    "of a view": (lambda x: x[:].relu_(), F.relu),
}
RNG = torch.Generator().manual_seed(0)
IMAGES = Images(
    torch.randint(0, 256, (8, 3, 6, 6), generator=RNG, dtype=torch.uint8),
    torch.arange(8) % 5,
    (0.5,) * 3,
    (0.25,) * 3,
)
PIXELS = normalise_pixels(IMAGES.pixels, IMAGES).double()
PATHS = ["forward", "forward#1"]


class Net(nn.Module):
    """Two layers and a head; gates multiply what the neurons put out."""

    def __init__(self, act: Act, *, statement: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.two, self.head = nn.Conv2d(4, 3, 3), nn.Linear(3, 5)
        self.act = [act]  # in a list, so that a module is not named, and paths are those of calls
        self.statement = statement

    def forward(self, x: Tensor, gates: tuple[Tensor, ...] = ()) -> Tensor:
        x = self.call(self.norm(self.one(x)), gates[:1])
        return self.head(self.call(self.two(x), gates[1:]).mean((2, 3)))

    def call(self, x: Tensor, gates: tuple[Tensor, ...]) -> Tensor:
        if self.statement:
            self.act[0](x)
        else:
            found = self.act[0](x)
            assert isinstance(found, Tensor)
            x = found
        for gate in gates:
            x = x * gate.view(-1, 1, 1)
        return x


def make(act: Act, *, statement: bool) -> Adopted:
    net = Net(act, statement=statement).double()
    return nvp.adopt(net, torch.zeros(2, 3, 6, 6, dtype=torch.float64))


def numeric(act: Act) -> list[Tensor]:
    """Return the derivative of the loss by each gate, by central differences."""
    net, step = Net(act, statement=True).double().eval(), 1e-6
    ones = [torch.ones(4, dtype=torch.float64), torch.ones(3, dtype=torch.float64)]
    slopes = [torch.zeros_like(gates) for gates in ones]
    for gates, found in zip(ones, slopes, strict=True):
        for i in range(len(gates)):
            losses = []
            for sign in (1, -1):
                gates[i] = 1 + sign * step
                with torch.no_grad():
                    logits = net(PIXELS, tuple(ones))
                losses.append(F.cross_entropy(logits, IMAGES.labels))
            gates[i] = 1
            found[i] = (losses[0] - losses[1]) / (2 * step)
    return slopes


@pytest.mark.parametrize("name", STATEMENTS)
def test_gates_of_a_statement_are_the_numeric_derivative(name: str) -> None:
    act, plain = STATEMENTS[name]
    network, twin = make(act, statement=True), make(plain, statement=False)
    assert list(network.layers) == PATHS
    found, expected = Sensitivity(network, IMAGES), Sensitivity(twin, IMAGES)
    for path, slopes in zip(PATHS, numeric(act), strict=True):
        assert float(slopes.abs().max()) > 1e-4
        assert torch.allclose(found.gates[path], slopes, atol=1e-7)
        assert torch.allclose(found.gates[path], expected.gates[path], atol=1e-12)
        product, other = (one.gate_hessian_gradients[path] for one in (found, expected))
        assert float(other.abs().max()) > 0
        assert torch.allclose(product, other, atol=1e-12)
        assert torch.equal(found.maps(path), expected.maps(path))
    for weight, slope in expected.gradients.items():
        assert torch.allclose(found.gradients[weight], slope, atol=1e-12)


def test_maps_are_what_the_neurons_put_out_and_not_what_became_of_it() -> None:
    class Shifted(Net):
        def forward(self, x: Tensor, gates: tuple[Tensor, ...] = ()) -> Tensor:
            x = F.relu(self.norm(self.one(x)))
            y = F.relu(self.two(x))
            x += 1.0
            y -= 1.0
            return self.head(y.mean((2, 3)))

    network = nvp.adopt(Shifted(F.relu, statement=False).double(), PIXELS[:2])
    plain = Sensitivity(make(F.relu, statement=False), IMAGES)
    for path in PATHS:
        assert torch.equal(Sensitivity(network, IMAGES).maps(path), plain.maps(path))
