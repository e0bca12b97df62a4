"""Marks of a network: which neurons are kept and dead, which weights are masked.

The next observation is compared with them. All of a layer is indexed by its dense neurons, so that
a layer can be compared with itself before neurons were removed.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import parameter_masks
from nvp.training.record import LayerRecord


@dataclass(frozen=True)
class Marks:
    """The masks and the deaths of a network at an observation, on the CPU.

    Attributes:
        kept: {layer: True where a neuron of the dense layer is there and not masked}.
        dead: {layer: the verdict of its headline definition}, False where masked.
        present: {layer: neurons that are not removed}.
        weights: {parameter: True where kept}, of parameters that have a mask of their own.
    """

    kept: dict[str, Bool[Tensor, "_"]]
    dead: dict[str, Bool[Tensor, "_"]]
    present: dict[str, int]
    weights: dict[str, Bool[Tensor, "..."]]


def mark_network(network: nn.Module, records: dict[str, LayerRecord]) -> Marks:
    """Return the marks of a network that was observed."""
    return Marks(
        kept=find_kept(network),
        dead={
            path: spread(layer.dead, layer.origin, layer.dense)
            for path, layer in records.items()
            if not layer.is_of_heads
        },
        present={path: len(layer.keep) for path, layer in neuron_layers(network).items()},
        weights={name: keep.cpu().clone() for name, keep in parameter_masks(network).items()},
    )


def find_kept(network: nn.Module) -> dict[str, Bool[Tensor, "_"]]:
    """Return {layer: True where a neuron of the dense layer is there and not masked}."""
    layers = neuron_layers(network).items()
    return {path: spread(layer.keep, layer.origin, layer.dense) for path, layer in layers}


def spread(values: Bool[Tensor, "f"], origin: Tensor, dense: int) -> Bool[Tensor, "_"]:
    """Return the values of the neurons at `origin` of a dense layer, False elsewhere."""
    spread = torch.zeros(dense, dtype=torch.bool)
    spread[origin.cpu()] = values.cpu()
    return spread
