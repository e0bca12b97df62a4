"""Columns: their types, the meaning and unit that each carries, and those that are asked for."""

import pyarrow as pa


def column(
    name: str, kind: pa.DataType, meaning: str, *, unit: str = "", volatile: bool = False
) -> pa.Field:
    """Return a column that carries its meaning, its unit and whether it is volatile."""
    metadata = {"meaning": meaning, "unit": unit, "volatile": str(volatile).lower()}
    return pa.field(name, kind, metadata=metadata)


TEXT, COUNT, REAL, DOUBLE = pa.string(), pa.int64(), pa.float32(), pa.float64()
FLAG = pa.bool_()
HEADS = "heads"  # the site of heads of attention: watched, and counted among no neurons
NAME = pa.dictionary(pa.int32(), pa.string())
ASKED = "null unless asked for"  # columns that are measured where a setting of probe.* says so
GRAMA = "mean |dL/dy| of single images over the layer's"
GRAMA_WEIGHT = "mean |dL/dW| of incoming weights over the layer's"
OF_LAYERS = (
    column(
        "duplicate",
        COUNT,
        f"kept, and correlation with a kept one before it > probe.duplicates; {ASKED}",
        unit="neurons",
    ),
    column(
        "constant",
        COUNT,
        "kept, and one spatial mean for all probe images: no correlation; asked for by "
        "probe.duplicates, else null",
        unit="neurons",
    ),
    column(
        "grama_inactive",
        COUNT,
        "kept, and grama <= 0.01; null where undefined, or without probe.gradients",
        unit="neurons",
    ),
    column(
        "grama_weight_inactive",
        COUNT,
        "kept, and grama_weight <= 0.01; null where undefined, or without probe.gradients",
        unit="neurons",
    ),
    column(
        "weight_magnitude",
        REAL,
        "mean |incoming weight| that is not masked; null without probe.weights=magnitude",
    ),
)
OF_NEURONS = (
    column("duplicate", FLAG, f"correlation with a kept one before it; {ASKED} (probe.duplicates)"),
    column("grama", REAL, f"{GRAMA}; null when masked, undefined or without probe.gradients"),
    column("grama_weight", REAL, f"{GRAMA_WEIGHT}; null as grama"),
)
ON_REQUEST = {"layers": OF_LAYERS, "neurons": OF_NEURONS}

# what takes more than a line to say; the definitions of death are in nvp.vitality.death
HEADLINE = "the headline definition of death: dead for ReLU, dormant_0025 for all others"
STRICT = "kept, ReLU: 0 for every probe image and position"
NEGATIVE_SIDE = "kept, LeakyReLU and ELU: > 0 for no probe image and position; null for others"
SATURATED = "kept, everywhere |y| <= 0.01 (SiLU, GELU) or >= 0.99 (tanh); null for others"
RARE = "kept, ReLU, LeakyReLU and ELU: > 0 on < 1 % of images and positions; null for others"
WEIGHT_SPARSITY = "conv and linear weights that are masked, over all; after pruning"
WEIGHT_COUNT = "weights pruned or grown, neurons a layer lost, resets of a neuron; else null"
CAUSE = 'initialisation, training, border, method or remedy; "at the latest": untriggered'
TASK = "task that was trained last, from 0; null: without tasks, or of older code"
TASK_ACCURACY = "accuracy on the task's own test images, once, at its end; else null"
ONLINE_ACCURACY = "mean over the task's steps of the accuracy before each, at its end; else null"
MEAN_TASK_ACCURACY = "mean of epochs.task_accuracy over the tasks that ended"
MEAN_ONLINE_ACCURACY = "mean of epochs.online_accuracy over the tasks that ended"
PLASTICITY_LOSS = (
    "mean online accuracy of the second to the eleventh task less that of the last ten; null with "
    "fewer than 12 tasks, and where tasks are not equally hard (more classes, more images)"
)
BORN_DEAD = "dead at epoch 0, by `death`; null where it is not known: forks, Monitor, older code"
DIED = "died by `death` since the last point, in training; null at 0"
REVIVED = "kept, and no longer dead, by training or a remedy; null at 0"
BORDER_DIED = "dead on the new task's probe alone, before its first step; null without a border"
BORDER_REVIVED = "dead on the last task's probe alone, of those kept; null without a border"
STRUCTURE = "of the network once masked neurons are removed, whether it shrank or not"
STEP_SECONDS = "median of a few plain training steps at the end; null if nothing is masked, or slow"
RETRIED_ALONE = "ran out of memory on a share of a GPU, and ran again on a whole one"
CODE = "hash of the code that computed it (no comments, no docstrings); null: unknown, or several"
VERSION = "nvp, torch, ray and Python of the last attempt; older rows: torch and Python"
CHECKPOINT_KEPT = "its checkpoints stay: asked for, forks start there, or it may go on"
NOISE_SCALE = (
    "simple gradient-noise scale, tr(covariance) / |mean|^2, on train in eval mode, after pruning; "
    "null when not measured (probe.noise_scale) or |mean|^2 is estimated to be <= 0"
)
