"""What a remedy is: a row of the registry, and what it does while a trial trains."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import ImageSource
from nvp.network.train_state import TrainState

Need = Literal["border", "neurons", "relu", "layer_norm", "head"]


@dataclass(frozen=True)
class Treated:
    """The trial that a remedy treats, in one epoch or at one border.

    Attributes:
        config: of the trial.
        state: changed by the remedy; what it remembers is `state.remedy`.
        images: train images of the task.
        num_classes: number of logits; 0 = not said, within an epoch.
    """

    config: TrialConfig
    state: TrainState
    images: ImageSource
    num_classes: int = 0

    @property
    def device(self) -> torch.device:
        """Return where the network is."""
        return next(self.state.model.parameters()).device


class Acting:
    """A remedy at work. It does nothing where it does not say otherwise.

    One is made for each epoch, after the pruning of the measuring point before it, and one for each
    border between two tasks. What it remembers beyond that is in `state.remedy`: tensors, which
    checkpoints hold. `PATH/kind` has a row for each neuron of the layer at PATH and loses the rows
    of neurons that are removed; any other key has no `/`.
    """

    in_steps = False  # whether it acts within an epoch

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See the neurons during the forward pass of a step."""
        yield

    def after_backward(self) -> None:
        """Change the gradients, which are masked, clipped and noisy already."""

    def take_step(self, optimizer: Optimizer, take: Callable[[Optimizer], None]) -> None:
        """Let the optimizer change the weights, by `take`."""
        take(optimizer)

    def after_step(self) -> None:
        """Change the network after the update; `state.step` is the number of steps before it."""

    def end_epoch(self) -> None:
        """Bring what it remembers up to date."""

    def at_border(self, task: int) -> None:
        """Change the network before the first step of the task number `task`, which is >= 1."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A remedy of the registry.

    Attributes:
        summary: one line for the table of remedies.
        start: makes it act.
        settings: fields of `remedy.*` that it reads.
        needs: what a trial must have for it. border: tasks; neurons: some that can be reset, whose
            readers are known; relu: some of these with ReLU; layer_norm: `model.norm=layer`; head:
            an output layer that is known.
        begin: from the initial network to what it has to remember of it.
    """

    summary: str
    start: Callable[[Treated], Acting]
    settings: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    begin: Callable[[nn.Module], dict[str, Tensor]] = lambda model: {}
