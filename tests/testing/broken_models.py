"""Small models, each of which breaks one law."""

from typing import Any

import torch
from torch import Tensor, nn

from nvp.network.neuron_layer import NeuronLayer


class Right(nn.Module):
    """Two layers of neurons and a head, for images of 2x4x4 and 3 classes: it keeps all laws."""

    reads = {"second": "first", "head": "second"}

    def __init__(self) -> None:
        super().__init__()
        self.first = NeuronLayer(nn.Linear(32, 6), nn.BatchNorm1d(6), nn.ReLU())
        self.second = NeuronLayer(nn.Linear(6, 4), None, nn.ReLU())
        self.head = nn.Linear(4, 3)

    def hidden(self, x: Tensor) -> Tensor:
        return self.second(self.first(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.hidden(x))


class OneLogitMore(Right):
    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return torch.cat([logits, logits[:, :1]], 1)


class NotFinite(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 0


class OfNoSeed(Right):
    count = 0

    def __init__(self) -> None:
        super().__init__()
        OfNoSeed.count += 1
        nn.init.constant_(self.second.weight, OfNoSeed.count)


class OfOneSeed(Right):
    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.second.weight, 0.5)


class MovesTheRandomState(Right):
    """Its builder draws outside of what `build_model` guards."""


class OtherOrder(Right):
    """Declares the second layer first."""

    def __init__(self) -> None:
        super().__init__()
        first = self.first
        del self.first
        self.first = first


class WithoutNeurons(Right):
    reads = {}

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(32, 6), nn.Linear(6, 4)


class ReadsAnother(Right):
    reads = {"second": "first", "head": "first"}


class ReadsByATypo(Right):
    reads = {"second": "frist", "head": "second"}


class CountsPasses(Right):
    """Changes a buffer in evaluation mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return super().forward(x)


class DrawsInEvaluation(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0 * torch.rand(1)


class Sigmoid(Right):
    """A masked neuron puts out sigmoid(0) = 0.5."""

    def __init__(self) -> None:
        super().__init__()
        self.second.activation = nn.Sigmoid()


class Shifted(NeuronLayer):
    """Adds 1 after its mask: a masked neuron puts out 1."""

    def forward(self, x: Tensor, residual: Tensor | float = 0.0) -> Tensor:
        return super().forward(x, residual) + 1


class LeaksBehindItsMask(Right):
    def __init__(self) -> None:
        super().__init__()
        self.second = Shifted(nn.Linear(6, 4), None, nn.ReLU())


class TiedWeights(Right):
    """Uses the weights of neurons elsewhere, whether these are masked or not."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.first.weight.sum()


class HidesNan(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).nan_to_num()


class StirsItsWeights(Right):
    """Moves its weights itself while it trains."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.first.affine.weight.data += 0.1
        return super().forward(x)


class DividesByWidth(Right):
    """Its logits depend on how many neurons are there, masked ones included."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / len(self.first.keep)


class DividesByWidthInTraining(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / (len(self.first.keep) if self.training else 1)


class SqueezesOne(Right):
    """Fails once a single neuron is left."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.hidden(x).squeeze(1))


def build(kind: type[Right]) -> Any:
    """Return what builds a model of a class, from the `init` stream of a seed."""

    def make(config: object, shape: object, classes: object, *, seed: int) -> nn.Module:
        if kind is MovesTheRandomState:
            torch.manual_seed(seed)
            return kind()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return kind()

    return make
