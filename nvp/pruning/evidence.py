"""Evidence: the measurements that a criterion may read; and the interface of a criterion."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nvp.pruning.sensitivity import Sensitivity
from nvp.vitality import Activity


@dataclass(frozen=True)
class Evidence:
    """The kept neurons of a layer - or, for a weight criterion, one weight - at a measuring point.

    Attributes:
        path: of the layer (of the affine map, for the logits), as in `neuron_layers`.
        weight: incoming weights; dim 0 indexes the kept neurons (all, for a weight criterion).
        norms: L2 norm of the incoming weights, raw or folded as the trial says.
        activity: of those neurons over the probe; None for a weight that makes no neurons.
        idle: for how many measuring points in a row, this one included, each was dead or dormant.
        confirmed: measures their activity over the whole training set, without histograms (and so
            without entropy); costs a pass.
        rng: the trial's `ties` stream at this epoch.
        weight_name: of the weight, as in `named_parameters`; of a weight criterion.
        gather: from (function of a weight's name to a tensor of its shape) to the rows of that
            tensor that belong to the layer's neurons; None for a weight criterion.
        index: which of all the neurons of the layer those are: a bool mask; None = all.
        network: measures derivatives of the whole network on a few training images, each once.
        memory: what this criterion remembered of this layer; over all of its neurons.
    """

    path: str
    weight: Float[Tensor, "f *fan_in"]
    norms: Float[Tensor, "f"]
    activity: Activity | None
    idle: Int64[Tensor, "f"]
    confirmed: Callable[[], Activity]
    rng: torch.Generator
    network: Sensitivity
    weight_name: str = ""
    gather: Callable[[Callable[[str], Tensor]], Tensor] | None = None
    index: Tensor | None = None
    memory: dict[str, Tensor] = field(default_factory=dict)

    def of_weight(self, measured: dict[str, Tensor]) -> Float[Tensor, "f *fan_in"]:
        """Return what was measured of `weight`, from {name of a weight: a value per entry}."""
        if self.gather is None:
            return self.mine(measured[self.weight_name])
        return self.mine(self.gather(measured.__getitem__))

    def of_neurons(self, measured: dict[str, Tensor]) -> Float[Tensor, "f ..."]:
        """Return what was measured of these neurons, from {path of a layer: one per neuron}."""
        return self.mine(measured[self.path])

    def maps(self) -> Float[Tensor, "n f ..."]:
        """Return the outputs of these neurons for a few training images."""
        maps = self.network.maps(self.path)
        return maps if self.index is None else maps[:, self.index]

    def recall(self, key: str) -> Float[Tensor, "f ..."] | None:
        """Return what was remembered of these neurons at an earlier measuring point, or None."""
        return self.mine(self.memory[key]) if key in self.memory else None

    def remember(self, key: str, values: Float[Tensor, "f ..."]) -> None:
        """Keep a value of each of these neurons for the next measuring point."""
        whole = values
        if self.index is not None:
            whole = values.new_zeros(len(self.index), *values.shape[1:])
            whole[self.index] = values
        self.memory[key] = whole

    def mine(self, values: Tensor) -> Tensor:
        """Return those of `values`, one for every neuron of the layer, that are of these."""
        return values if self.index is None else values[self.index]


@runtime_checkable
class Criterion(Protocol):
    """Scores the kept neurons of a layer, or each entry of a weight; higher means keep.

    Always finite, of the shape of `norms` for neurons and of `weight` for weights. A criterion with
    `remembers = True` sees every measuring point.
    """

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f ..."]: ...
