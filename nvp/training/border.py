"""Deaths around a border between two tasks: what the new probe shows is told from what is learned.

A neuron that fires on no image of the new task's probe, and did on the last one's, has not changed.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.network.groups import neuron_layers
from nvp.network.train_state import TrainState
from nvp.pruning import plan_pruning
from nvp.training.measuring import observe_network
from nvp.vitality import headline_death, judge_deaths


@dataclass(frozen=True)
class Change:
    """What happened to some neurons of a layer.

    Attributes:
        event: died or revived.
        cause: training, or border: only the probe is another one.
        which: True for the neurons.
    """

    event: str
    cause: str
    which: Bool[Tensor, "f"]


@dataclass(frozen=True)
class Border:
    """Deaths around a border between two tasks, of a network that is not trained in between.

    Attributes:
        changes: {path: what happened until the first step of the new task, in order}.
        dead: {path: dead by the headline definition on the new task's probe}.
    """

    changes: dict[str, tuple[Change, ...]]
    dead: dict[str, Bool[Tensor, "f"]]


def observe_border(config: TrialConfig, state: TrainState, last: Splits, new: Splits) -> Border:
    """Return the deaths around a border, before anything is done to the state there.

    A neuron's verdicts on the probes of both tasks are compared with the same weights: what differs
    is the border's. Pruning at the last measuring point may have changed verdicts on its probe,
    too; those changes are of training, as they are at any other point.

    Args:
        config: of the trial.
        state: at the end of a task.
        last: the data of that task.
        new: the data of the task that starts.
    """
    changes, dead = {}, {}
    pruned = bool(plan_pruning(config.prune).criterion)
    left = judge_network(config, state, last) if pruned else state.dead
    entered = judge_network(config, state, new)
    for path, layer in neuron_layers(state.model).items():
        keep, seen = layer.keep, state.dead[path]
        # a masked neuron has no verdict: it keeps the one that it had, until it comes back
        before, after = (torch.where(keep, verdict[path], seen) for verdict in (left, entered))
        changes[path] = (
            *compare_verdicts(seen, before, "training"),
            *compare_verdicts(before, after, "border"),
        )
        dead[path] = after
    return Border(changes, dead)


def compare_verdicts(
    before: Bool[Tensor, "f"], after: Bool[Tensor, "f"], cause: str
) -> tuple[Change, Change]:
    """Return which neurons died and revived from one verdict to another one."""
    return Change("died", cause, after & ~before), Change("revived", cause, before & ~after)


def judge_network(config: TrialConfig, state: TrainState, data: Splits) -> dict[str, Tensor]:
    """Return {path: which kept neurons are dead by the headline definition} on a probe."""
    observation = observe_network(config, state, data.probe(config.probe.size))
    verdicts = {}
    for path, layer in neuron_layers(state.model).items():
        judged = judge_deaths(observation.layers[path], layer.keep, layer.activation)
        verdicts[path] = judged[headline_death(layer.activation)]
    return verdicts
