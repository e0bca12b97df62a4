"""What happened to a network between two observations: masked, reactivated, removed, and how far.

It belongs to the first of the two: as in our own loop, an observation comes before the pruning of
its epoch.
"""

from dataclasses import dataclass, field

from torch import nn

from nvp.monitor.marks import Marks, find_kept
from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import parameter_masks, weight_changes, weight_sparsity
from nvp.pruning import count_masked_units
from nvp.storage.schema import SHRUNK, WEIGHT_EVENTS
from nvp.trial.rows import Event


@dataclass(frozen=True)
class Changes:
    """What happened after the observation of an epoch; JSON holds all of it.

    Attributes:
        epoch: of the observation.
        sparsity: masked over all prunable units, at the end.
        weight_sparsity: masked over all weights of convolutions and linear layers, at the end.
        pruned: {layer: neurons that were masked}, of layers that lost some.
        events: rows of `events`.
    """

    epoch: int
    sparsity: float
    weight_sparsity: float
    pruned: dict[str, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def find_changes(epoch: int, before: Marks, network: nn.Module, cause: str) -> Changes:
    """Return what happened to a network since the observation of an epoch.

    Args:
        epoch: of that observation.
        before: the marks of the network then.
        network: as it is now.
        cause: what masks and removes neurons, for `events`.
    """
    kept, layers = find_kept(network), neuron_layers(network)
    pruned = {path: before.kept[path] & ~now for path, now in kept.items()}
    grown = {path: now & ~before.kept[path] for path, now in kept.items()}
    events: list[Event] = []
    for path in kept:
        for event, which in (("pruned", pruned[path]), ("reactivated", grown[path])):
            indices = which.nonzero().flatten().tolist()
            events += [(path, neuron, event, cause, None) for neuron in indices]
    for path, counts in find_weight_changes(before, network).items():
        for event, count in zip(WEIGHT_EVENTS, counts, strict=True):
            events += [(path, None, event, cause, count)] if count else []
    for path, layer in layers.items():
        removed = before.present[path] - len(layer.keep)
        events += [(path, None, SHRUNK, cause, removed)] if removed else []
    masked, units = count_masked_units(network, "all")
    masked_weights, weights = weight_sparsity(network)
    return Changes(
        epoch=epoch,
        sparsity=masked / units,
        weight_sparsity=masked_weights / weights,
        pruned={path: int(which.sum()) for path, which in pruned.items() if which.any()},
        events=events,
    )


def find_weight_changes(before: Marks, network: nn.Module) -> dict[str, tuple[int, int]]:
    """Return {layer: (weights pruned, weights grown)}; of layers that have shrunk, nothing.

    Their masks have another shape now; what they lost are neurons.
    """
    now = parameter_masks(network)
    old = {name: keep.to(now[name].device) for name, keep in before.weights.items() if name in now}
    same = {name: keep for name, keep in old.items() if keep.shape == now[name].shape}
    shrunk = {name: now[name] for name in old.keys() - same.keys()}
    return weight_changes(network, same | shrunk)
