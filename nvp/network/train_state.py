"""TrainState: everything that changes while training."""

from dataclasses import dataclass, field

from jaxtyping import Bool, Int64
from torch import Tensor, nn
from torch.optim import Optimizer


class Diverged(Exception):
    """The loss, a weight or an activation stopped being finite; a result, not a crash."""


@dataclass
class TrainState:
    """Everything that changes while training; it is complete between measuring points.

    Attributes:
        model: the network, masks included.
        optimizer: with its moments.
        epoch: epochs finished; -1 before the initial network is measured.
        step: optimizer steps done.
        idle: per layer, measuring points in a row at which each neuron was dead or dormant.
        dead: per layer, dead by its headline definition at the last measuring point.
        kept: per layer, not masked at the end of the last measuring point.
        task: the task that it was last trained on, from 0; without tasks there is one.
        online: (images that it was right about before their step, all images) of that task so far;
            None = unknown, since a checkpoint of older code did not say.
        forked: epochs that were finished by another trial, which this one started from; -1 = none.
        memory: tensors that the pruning method keeps from one measuring point to the next.
        remedy: tensors that the remedy remembers; `PATH/kind` has a row for each neuron of a layer.
        capturable: False once a step of it could not be captured as a CUDA graph; not in a
            checkpoint, because it changes no result.
    """

    model: nn.Module
    optimizer: Optimizer
    epoch: int = -1
    step: int = 0
    task: int = 0
    online: tuple[int, int] | None = (0, 0)
    forked: int = -1
    idle: dict[str, Int64[Tensor, "_"]] = field(default_factory=dict)
    dead: dict[str, Bool[Tensor, "_"]] = field(default_factory=dict)
    kept: dict[str, Bool[Tensor, "_"]] = field(default_factory=dict)
    memory: dict[str, Tensor] = field(default_factory=dict)
    remedy: dict[str, Tensor] = field(default_factory=dict)
    capturable: bool = True


def check_finite(value: float, what: str) -> None:
    """Raise Diverged when `value` is infinite or not a number."""
    if value - value != 0:  # inf - inf and nan - nan are nan
        raise Diverged(f"the {what} is not finite")
