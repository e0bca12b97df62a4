"""The arguments of a pruning step, and its result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Bool, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.data.ready_inputs import ReadyInputs
from nvp.data.splits import Images
from nvp.pruning.schedule import Moment
from nvp.pruning.sensitivity import Sensitivity
from nvp.vitality import Activity, Observation

Units = dict[str, Int64[Tensor, "_"]]  # {group: indices of its units, as they lie in the network}


@dataclass
class MeasuringPoint:
    """A measuring point of a trial. A pruning step changes `model`, `optimizer` and `memory`.

    Attributes:
        model: built of `NeuronLayer`.
        optimizer: its optimizer, if it has one; moments of masked weights are set to 0.
        observation: this measuring point's, before its pruning.
        images: a few train images, for criteria that need derivatives or maps.
        moment: the time of this point.
        idle: per layer, for how many measuring points in a row each neuron was dead or dormant.
        confirm: per layer, the activity over the whole training set; measured at the first call.
        memory: tensors that the method keeps between measuring points; saved with each checkpoint.
        ties: random stream of scores.
        regrow: random stream of regrowth.
    """

    model: nn.Module
    optimizer: Optimizer | None
    observation: Observation
    images: Images | ReadyInputs
    moment: Moment
    idle: dict[str, Int64[Tensor, "_"]]
    confirm: Callable[[], dict[str, Activity]]
    memory: dict[str, Tensor]
    ties: torch.Generator
    regrow: torch.Generator

    @cached_property
    def network(self) -> Sensitivity:
        """Return derivatives of the network as it is; call `forget` after each change of it."""
        return Sensitivity(self.model, self.images, batch_statistics=self.moment.progress == 0)

    def forget(self) -> None:
        """Drop the measured derivatives, because the network changed."""
        self.__dict__.pop("network", None)


@dataclass(frozen=True)
class Pruned:
    """The result of a pruning step.

    Attributes:
        masked: the newly masked units by group.
        target: of the schedule; None when nothing was due, or when sparsity is an outcome.
        floored: groups of which a floor kept the method from masking more.
        grown: the units that came back, by group.
        weights: {path of a layer: (weights pruned, weights grown)}, of weight-level methods.
        forced: whether it came at the latest point, since the method's trigger never fired.
        states: {path of a layer: {"dying" or "recovered": which neurons, since the last point}}.
    """

    masked: Units = field(default_factory=dict)
    target: float | None = None
    floored: tuple[str, ...] = ()
    grown: Units = field(default_factory=dict)
    weights: dict[str, tuple[int, int]] = field(default_factory=dict)
    forced: bool = False
    states: dict[str, dict[str, Bool[Tensor, "_"]]] = field(default_factory=dict)
