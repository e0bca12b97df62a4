"""An adopted network as a program of torch, for those who have neither nvp nor the user's class."""

import copy
import io
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.export import Dim

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.undisturbed import undisturbed

Maps = tuple[Tensor, Tensor]


class Scaled(nn.Module):
    """A network behind (x - mean) / std."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network((pixels - self.mean) / self.std)


def export_program(
    network: Adopted,
    pixels: Tensor,
    shrink: Callable[[nn.Module], None],
    maps: Maps | None = None,
) -> tuple[nn.Module, bytes]:
    """Return (the user's network without its masked units, the file of the program that it is).

    The program is in eval mode and takes any number of images, unless the network is written for
    one number. `network` stays as it was.

    Args:
        network: adopted.
        pixels: inputs of one forward pass, of two images or more.
        shrink: removes the masked units of a network.
        maps: mean and standard deviation that become the first step; None = it takes what the
            network takes.
    """
    small = copy.deepcopy(network).cpu().eval()
    shrink(small)
    inside = small.module if maps is None else Scaled(small.module, *maps).eval()
    with undisturbed(inside):
        shapes = ({0: Dim.AUTO},)
        program = torch.export.export(inside, (pixels,), dynamic_shapes=shapes, strict=False)
    stream = io.BytesIO()
    torch.export.save(program, stream)
    return small.module, stream.getvalue()


def load_program(content: bytes) -> nn.Module:
    """Return the network of a program's file."""
    network = torch.export.load(io.BytesIO(content)).module()
    for module in network.modules():
        module.training = False
    return network


def name_class(module: nn.Module) -> str:
    """Return the dotted name of a module's class, as `model.name` takes it."""
    return f"{type(module).__module__}:{type(module).__qualname__}"
