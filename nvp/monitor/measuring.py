"""One observation of a network: its record, as our own loop makes it, and the marks it leaves."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import nn

from nvp.config.trial_config import ProbeConfig
from nvp.monitor.marks import Marks, mark_network
from nvp.monitor.probe import Probe
from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import weight_sparsity
from nvp.pruning import count_masked_units
from nvp.training.record import EpochRecord, record_heads, record_layer
from nvp.vitality import measure_ranks
from nvp.vitality.observe import observe_batches

BINS = ProbeConfig().bins


@dataclass(frozen=True)
class Point:
    """An observation: its record, and what the next one is compared with."""

    record: EpochRecord
    marks: Marks


def measure_network(
    network: nn.Module,
    probe: Probe,
    epoch: int,
    measured: dict[str, Any],
    before: Marks | None,
    seconds: float,
) -> Point:
    """Observe a network; leaves it as it was.

    Args:
        network: of neuron layers.
        probe: the examples.
        epoch: epochs finished.
        measured: what the loop measured (`nvp.monitor.measured`).
        before: the marks of the observation before; None of the first.
        seconds: since then.

    Raises:
        Diverged: an activation or a weight is not finite.
    """
    start = perf_counter()
    device = next(network.parameters()).device
    observation = observe_batches(network, probe.on(device), bins=BINS)
    records = {}
    for path, layer in neuron_layers(network).items():
        was_dead = torch.zeros_like(layer.keep)
        if before:
            was_dead = before.dead[path].to(device)[layer.origin]
        records[path] = record_layer(path, layer, observation.layers[path], was_dead)
        records[path].events["pruned"] = torch.zeros_like(layer.keep)  # `changes` completes it
    records |= record_heads(network, observation)
    masked, units = count_masked_units(network, "all")
    masked_weights, weights = weight_sparsity(network)
    record = EpochRecord(
        epoch=epoch,
        **measured,
        observation=observation,
        ranks=measure_ranks(observation.features),
        layers=records,
        target=None,
        masked=masked,
        units=units,
        masked_weights=masked_weights,
        weights=weights,
        seconds={"train": seconds, "observe": perf_counter() - start},
    )
    return Point(record, mark_network(network, records))
