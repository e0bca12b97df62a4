"""The parameters and buffers of a network by name, with the modules that hold them: listed once.

torch walks through all modules at each question. The check of a network asks hundreds of times.
"""

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Inventory:
    """What a network holds.

    Attributes:
        parameters: {name: parameter}, each under its first name.
        buffers: {name: buffer}.
        holders: {name: the modules that hold it, themselves}.
    """

    parameters: dict[str, nn.Parameter]
    buffers: dict[str, Tensor]
    holders: dict[str, list[nn.Module]]

    def __getitem__(self, name: str) -> Tensor:
        return self.parameters[name] if name in self.parameters else self.buffers[name]

    @property
    def shapes(self) -> dict[str, torch.Size]:
        """Return the shape of each parameter and buffer, as it is now."""
        return {name: t.shape for name, t in (*self.parameters.items(), *self.buffers.items())}


def take_inventory(network: nn.Module) -> Inventory:
    """Return what a network holds now; the tensors may get other data afterwards."""
    parameters, buffers = dict(network.named_parameters()), dict(network.named_buffers())
    holders: dict[int, list[nn.Module]] = defaultdict(list)
    for module in network.modules():
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            holders[id(tensor)].append(module)
    tensors = (*parameters.items(), *buffers.items())
    return Inventory(parameters, buffers, {name: holders[id(t)] for name, t in tensors})
