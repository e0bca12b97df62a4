"""The row of `trials`: the status of a trial, its results and where it ran."""

import hashlib
import json
import os
import platform
import socket
import time
from typing import Any

import torch
from torch import nn

from nvp.config.dotted_paths import flatten_config
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Images, Splits
from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import live_weights, weight_sparsity
from nvp.pruning import count_masked_units
from nvp.pruning.removal_policy import measure_dense_size, measure_remaining_size
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter, find_next_attempt
from nvp.training.evaluation import evaluate_split
from nvp.trial.source_code.code_hash import hash_trial_code
from nvp.trial.versions import describe_versions
from nvp.vitality import headline_death


def trial_row(config: TrialConfig, status: str, error: str | None) -> dict[str, Any]:
    """Return the columns that every row of `trials` has, whatever the status of its trial."""
    return start_row(flatten_config(config), status, error) | {"code": hash_trial_code(config)}


def start_row(flat: dict[str, Any], status: str, error: str | None) -> dict[str, Any]:
    """Return the columns of `trial_row` but the code, also of a trial whose loop is not ours.

    Args:
        flat: the configuration, {path: plain JSON value}.
        status: of the trial.
        error: why it is not done; None when it is.
    """
    return {
        "status": status,
        "config": json.dumps(flat),
        "error": error,
        "host": socket.gethostname(),
        "version": describe_versions(),
    }


def commit_lost(config: TrialConfig, storage: Storage, error: str) -> None:
    """Commit the `failed` row of a trial whose process died before it could (driver only).

    A finished row stays: it was run again for its checkpoint, or under other code.
    """
    name = trial_id(config)
    row = read_index(storage, name).rows.get(name)
    writer = TrialWriter(storage, name, find_next_attempt(storage, name, row), row=row)
    if not writer.finished:
        writer.commit(trial_row(config, "failed", error) | {"ended": time.time()})


def measure_results(
    config: TrialConfig,
    data: Splits,
    model: nn.Module,
    last: dict[str, Any],
    *,
    status: str,
) -> dict[str, Any]:
    """Return the columns of results.

    The test split is evaluated here, once, and not with a diverged network; of tasks, at the end of
    each (`nvp.training.tasks`), and that of the last one here.
    """
    probe = data.probe(config.probe.size)
    row: dict[str, Any] = {"probe_size": len(probe), "probe_hash": hash_probe(probe)}
    row["parameters"], row["flops"] = measure_dense_size(model, data.train.shape)
    if not last:
        return row
    row |= last | count_masked(model, config.prune.sites)
    row["parameters_left"], row["flops_left"] = measure_remaining_size(model, data.train.shape)
    if status == "done":
        row["test_loss"], row["test_accuracy"] = evaluate_split(
            model, data.test, precision=config.precision
        )
    return row


def count_masked(model: nn.Module, sites: str) -> dict[str, Any]:
    """Return the columns that count the neurons and the weights of a network, and the masked ones.

    Args:
        model: with its masks.
        sites: the prunable units that sparsity is over, as `prune.sites` says.
    """
    masked, units = count_masked_units(model, sites)
    masked_weights, weights = weight_sparsity(model)
    layers = neuron_layers(model).values()
    return {
        "sparsity": masked / max(units, 1),  # an adopted network may have none
        "masked_units": masked,
        "units": units,
        "neurons": sum(layer.dense for layer in layers),
        "death": ", ".join(sorted({headline_death(layer.activation) for layer in layers})),
        "weight_sparsity": masked_weights / weights,
        "masked_weights": masked_weights,
        "weights": weights,
        "live_parameters": sum(int(live.sum()) for live in live_weights(model).values()),
    }


def hash_probe(probe: Images) -> str:
    """Return the content hash of probe images: 12 hexadecimal digits."""
    return hashlib.sha256(probe.pixels.cpu().numpy().tobytes()).hexdigest()[:12]


def name_device(device: str) -> str:
    """Return the name of the device that the trial ran on."""
    if device == "cpu":
        return f"cpu ({platform.machine()}, {os.cpu_count()} cores)"
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else device
