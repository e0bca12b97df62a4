"""Networks of users that are odd in one way each, for digits (1 x 8 x 8, 10 classes)."""

import random
import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from nvp.network.neuron_layer import NeuronLayer


def plain(num_classes: int, *layers: nn.Module) -> nn.Sequential:
    """Return a network of two maps with further layers between them."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), *layers, nn.Linear(6, num_classes)
    )


class Puts(nn.Module):
    """Puts out its logits in another form."""

    def __init__(self, num_classes: int, form: Any) -> None:
        super().__init__()
        self.network, self.form = plain(num_classes), form

    def forward(self, x: Tensor) -> Any:
        return self.form(self.network(x))


class Recurrent(nn.Module):
    """Reads the rows of an image one after another."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.rows, self.head = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rows(x[:, 0])
        return self.head(states[:, -1])


def no_neurons(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes))


def no_parameters() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d((2, 5)), nn.Flatten())


def other_classes() -> nn.Module:
    return plain(7)


def pair(num_classes: int) -> nn.Module:
    return Puts(num_classes, lambda logits: (logits, logits))


def named(num_classes: int) -> nn.Module:
    return Puts(num_classes, lambda logits: OrderedDict(out=logits))


def squeezed(num_classes: int) -> nn.Module:
    return Puts(num_classes, torch.squeeze)


def too_small(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 11), nn.ReLU(), nn.Flatten(), nn.Linear(4, num_classes))


def lazy(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, num_classes))


def frozen(num_classes: int) -> nn.Module:
    network = plain(num_classes)
    network[1].requires_grad_(requires_grad=False)
    return network


def all_frozen(num_classes: int) -> nn.Module:
    return plain(num_classes).requires_grad_(requires_grad=False)


def half(num_classes: int) -> nn.Module:
    return plain(num_classes).half()


def double(num_classes: int) -> nn.Module:
    return plain(num_classes).double()


def complex_numbers(num_classes: int) -> nn.Module:
    return plain(num_classes).to(torch.complex64)


def recurrent(num_classes: int) -> nn.Module:
    return Recurrent(num_classes)


def compiled(num_classes: int) -> nn.Module:
    network = torch.compile(plain(num_classes), backend="eager")
    assert isinstance(network, nn.Module)
    return network


def compiled_inside(num_classes: int) -> nn.Module:
    network = plain(num_classes)
    network[1]._compiled_call_impl = network[1].forward  # what `compile()` sets, without its import
    return network


def parallel(num_classes: int) -> nn.Module:
    return nn.DataParallel(plain(num_classes))


def single_norm(num_classes: int) -> nn.Module:
    return plain(num_classes, nn.BatchNorm1d(6))


KEPT = plain(10)
BODY = nn.Linear(64, 6)


def kept() -> nn.Module:
    return KEPT


def kept_part(num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), BODY, nn.ReLU(), nn.Linear(6, num_classes))


class Own(nn.Module):
    """Written of nvp's own layers."""

    def __init__(self, classes: int, form: Any = None, activation: Any = None) -> None:
        super().__init__()
        self.hidden = NeuronLayer(nn.Linear(64, 6), None, activation or nn.ReLU())
        self.head, self.form = nn.Linear(6, classes), form or (lambda logits: logits)
        self.reads = {"head": "hidden"}

    def forward(self, x: Tensor) -> Any:
        return self.form(self.head(self.hidden(x.flatten(1))))


OWN = Own(10)


def own_kept(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return OWN


def own_other_classes(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Own(7)


def own_pair(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Own(num_classes, lambda logits: (logits, logits))


def own_softmax(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Own(num_classes, activation=nn.Softmax(dim=1))


def own_softmax_in_space(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Own(num_classes, activation=lambda x: x[:, :, None].softmax(2)[:, :, 0] * x.relu())


def drawn_elsewhere(num_classes: int) -> nn.Module:
    """Draw weights with the global streams of NumPy and Python."""
    network = plain(num_classes)
    first = network.get_submodule("1")
    assert isinstance(first, nn.Linear)
    drawn = np.random.normal(size=(6, 64)) + random.random()  # noqa: NPY002
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(drawn))
    return network


class Through(nn.Module):
    """Hidden neurons that go through a function on their way to the logits."""

    def __init__(self, num_classes: int, function: Any) -> None:
        super().__init__()
        self.body, self.head, self.function = nn.Linear(64, 6), nn.Linear(6, num_classes), function

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.function(self.body(x.flatten(1)).relu()))


class SparseGraph(Through):
    """Has a sparse matrix of the neighbours of each neuron as a buffer."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, lambda x: (self.graph @ x.t()).t())
        self.register_buffer("graph", torch.eye(6).to_sparse())


def sparse_product(num_classes: int) -> nn.Module:
    return Through(num_classes, lambda x: torch.sparse.mm(torch.eye(len(x)).to_sparse(), x))


def sparse_neurons(num_classes: int) -> nn.Module:
    return Through(num_classes, lambda x: x.to_sparse().to_dense())


def sparse_buffer(num_classes: int) -> nn.Module:
    return SparseGraph(num_classes)


def orthogonal(num_classes: int) -> nn.Module:
    network = plain(num_classes, nn.Linear(6, 6), nn.ReLU())
    parametrizations.orthogonal(network[3])
    return network


def quantised(num_classes: int) -> nn.Module:
    with warnings.catch_warnings():  # torch.ao is to move to a library of its own
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(plain(num_classes), {nn.Linear})


def random_in_eval_mode(num_classes: int) -> nn.Module:
    return Through(num_classes, F.dropout)


def partly_meta(num_classes: int) -> nn.Module:
    network = plain(num_classes)
    network[1].to("meta")
    return network


class WithoutGradient(Puts):
    """Computes without gradients."""

    @torch.no_grad()
    def forward(self, x: Tensor) -> Any:
        return super().forward(x)


def without_gradient(num_classes: int) -> nn.Module:
    return WithoutGradient(num_classes, lambda logits: logits)


def detached(num_classes: int) -> nn.Module:
    return Puts(num_classes, Tensor.detach)


def own_parallel(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return nn.DataParallel(Own(num_classes))


def own_lazy(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), NeuronLayer(nn.LazyLinear(6), None, nn.ReLU()))


class Instance(nn.Module):
    """Own layers with InstanceNorm, which normalises each neuron by itself."""

    def __init__(self, classes: int, **norm: bool) -> None:
        super().__init__()
        one, two = (nn.InstanceNorm2d(8, affine=True, **norm) for _ in range(2))
        self.one = NeuronLayer(nn.Conv2d(1, 8, 3), one, nn.ReLU())
        self.two = NeuronLayer(nn.Conv2d(8, 8, 3), two, nn.ReLU())
        self.head = nn.Linear(8, classes)
        self.reads = {"two": "one", "head": "two"}

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.two(self.one(x)).mean((2, 3)))


def own_instance(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Instance(num_classes)


def own_instance_of_statistics(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
    return Instance(num_classes, track_running_stats=True)
