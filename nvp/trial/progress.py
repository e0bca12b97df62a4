"""Progress of a trial: the few numbers that a scheduler or a person watches while it runs."""

from dataclasses import dataclass, replace

from nvp.pruning.plan import PruningPlan
from nvp.training.record import EpochRecord


@dataclass(frozen=True)
class Progress:
    """How far a trial is; fractions are in [0, 1].

    Attributes:
        trial_id: of the trial.
        status: "running", a status of a row of `trials`, or "out_of_memory" or "unfit", which
            stand in no row: the trial is to run again on a whole GPU, or on another node.
        epoch: epochs finished.
        epochs: of the whole trial; 0 where that is not known.
        continued_from: epochs that were finished when this attempt began to train.
        seconds: since this attempt began to train.
        val_accuracy: at the last measuring point; None before the first one.
        dead_fraction: dead neurons among those that are kept, by the headline definition.
        sparsity: of the things that the method masks: prunable units, or weights.
        error: why the trial ended as it did; None when nothing is wrong.
    """

    trial_id: str
    status: str
    epoch: int = 0
    epochs: int = 0
    continued_from: int = 0
    seconds: float = 0.0
    val_accuracy: float | None = None
    dead_fraction: float | None = None
    sparsity: float | None = None
    error: str | None = None


def measure_progress(progress: Progress, record: EpochRecord, plan: PruningPlan) -> Progress:
    """Return a progress with what was measured; `plan` says what the trial's method masks."""
    layers = [layer for layer in record.layers.values() if not layer.is_of_heads]
    kept = sum(int(layer.keep.sum()) for layer in layers)
    dead = sum(int(layer.dead.sum()) for layer in layers)
    masks_weights = plan.granularity == "weight"
    masked = record.masked_weights if masks_weights else record.masked
    return replace(
        progress,
        epoch=record.epoch,
        val_accuracy=record.val_accuracy,
        dead_fraction=dead / max(kept, 1),
        sparsity=masked / max(record.weights if masks_weights else record.units, 1),
    )
