"""An observation as rows of the tables, and as columns of the trial's row."""

from typing import Any

from torch import Tensor, nn

from nvp.monitor.probe import Probe
from nvp.network.dense_index import dense_indices
from nvp.pruning.removal_policy import measure_dense_size, measure_remaining_size
from nvp.storage.codec import Rows
from nvp.training.record import EpochRecord
from nvp.trial.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.trial.trial_row import count_masked


def make_rows(trial_id: str, record: EpochRecord, cause: str) -> dict[str, Rows]:
    """Return {table: rows} of an observation; what happens after it is not in them yet."""
    return {
        "epochs": epoch_rows(trial_id, record),
        "layers": layer_rows(trial_id, record),
        "neurons": neuron_rows(trial_id, record),
        "events": event_rows(trial_id, record, cause),
    }


def describe_last(record: EpochRecord, probe: Probe, before: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of `trials` of an observation; `before` are those of the last one."""
    best = [record.val_accuracy, before.get("best_val_accuracy")]
    return {
        "epochs": record.epoch,
        "steps": record.step,
        "val_loss": record.val_loss,
        "val_accuracy": record.val_accuracy,
        "best_val_accuracy": max((value for value in best if value is not None), default=None),
        "probe_size": probe.size,
        "probe_hash": probe.hash,
    }


def describe_end(network: nn.Module, probe: Probe) -> dict[str, Any]:
    """Return the columns of `trials` that count a network at its end, masked neurons included."""
    return count_masked(network, "all") | measure_sizes(network, probe)


def measure_sizes(network: nn.Module, probe: Probe) -> dict[str, Any]:
    """Return the columns of `trials` on parameters and FLOPs; FLOPs are of an image, else null."""
    inputs = probe.batches[0]
    if not isinstance(inputs, Tensor) or inputs.dim() != 4:
        return {"parameters": sum(index.numel for index in dense_indices(network).values())}
    shape = (inputs.shape[1], inputs.shape[2], inputs.shape[3])
    parameters, flops = measure_dense_size(network, shape)
    parameters_left, flops_left = measure_remaining_size(network, shape)
    return {
        "parameters": parameters,
        "flops": flops,
        "parameters_left": parameters_left,
        "flops_left": flops_left,
    }
