"""Networks of users that are odd in one way each, for digits (1 x 8 x 8, 10 classes)."""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn


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
