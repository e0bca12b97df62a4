"""Every table that a study writes. A result column is named here and nowhere else.

Keys join the tables: trial_id -> epoch -> layer -> neuron, coarse to fine; epochs count on over
tasks, and each is of one. Fractions are in [0, 1], never percent; losses in nats, entropies in bits
unless normalised; times in seconds; null means "not measured", never NaN. Volatile columns (times,
hosts, attempts) are the only ones that may differ between a killed and continued run and an
unbroken one.
"""

import pyarrow as pa

from nvp.storage import columns
from nvp.storage.columns import COUNT, DOUBLE, FLAG, HEADS, NAME, ON_REQUEST, REAL, TEXT, column

STATUSES = ("done", "failed", "diverged", "censored")
NEURON_EVENTS = ("died", "revived", "pruned", "reactivated", "dying", "recovered")
WEIGHT_EVENTS = ("weights_pruned", "weights_grown")
SHRUNK, RESET = "shrunk", "reset"
EVENTS = (*NEURON_EVENTS, *WEIGHT_EVENTS, SHRUNK, RESET)

TRIAL_ID = column("trial_id", NAME, "content hash of the non-default configuration, seed included")
TASK = column("task", COUNT, columns.TASK)
EPOCH = column("epoch", COUNT, "epochs finished; 0 is the initial network", unit="epochs")
LAYER = column("layer", NAME, "module path of the layer")
NEURON = column("neuron", COUNT, "index of the neuron in the dense layer")

TRIALS = pa.schema(
    [
        column("trial_id", TEXT, "content hash of the non-default configuration, seed included"),
        column("status", TEXT, f"one of {', '.join(STATUSES)}"),
        column("config", TEXT, "the whole configuration, JSON of dotted paths"),
        column("epochs", COUNT, "epochs finished", unit="epochs"),
        column("steps", COUNT, "optimizer steps done", unit="steps"),
        column("val_loss", REAL, "cross entropy on val at the end", unit="nats"),
        column("val_accuracy", REAL, "accuracy on val at the end", unit="fraction"),
        column("best_val_accuracy", REAL, "best accuracy on val of all epochs", unit="fraction"),
        column("test_loss", REAL, "cross entropy on test, once, at the end", unit="nats"),
        column("test_accuracy", REAL, "accuracy on test, once, at the end", unit="fraction"),
        column("mean_task_accuracy", REAL, columns.MEAN_TASK_ACCURACY, unit="fraction"),
        column("mean_online_accuracy", REAL, columns.MEAN_ONLINE_ACCURACY, unit="fraction"),
        column("plasticity_loss", REAL, columns.PLASTICITY_LOSS, unit="fraction"),
        column("sparsity", REAL, "masked over all prunable units at the end", unit="fraction"),
        column("masked_units", COUNT, "masked prunable units at the end", unit="units"),
        column("units", COUNT, "prunable units: internal channels and stream groups", unit="units"),
        column("neurons", COUNT, "neurons of all watched layers, masked included", unit="neurons"),
        column("death", TEXT, f"{columns.HEADLINE}; see layers"),
        column("born_dead", COUNT, columns.BORN_DEAD, unit="neurons"),
        column("weight_sparsity", REAL, "masked_weights over weights", unit="fraction"),
        column("masked_weights", COUNT, "of weights, masked alone or by neuron", unit="weights"),
        column("weights", COUNT, "all weights of conv and linear layers", unit="weights"),
        column("parameters", COUNT, "parameters of the dense network", unit="parameters"),
        column("live_parameters", COUNT, "of them not masked at the end", unit="parameters"),
        column("parameters_left", COUNT, f"parameters {columns.STRUCTURE}", unit="parameters"),
        column("flops", COUNT, "of the dense network, forward, one image", unit="operations"),
        column("flops_left", COUNT, f"the same {columns.STRUCTURE}", unit="operations"),
        column("probe_size", COUNT, "images vitality was measured over", unit="images"),
        column("probe_hash", TEXT, "content hash of the probe images"),
        column(
            "dense_step_seconds", REAL, f"dense: {columns.STEP_SECONDS}", unit="s", volatile=True
        ),
        column(
            "step_seconds", REAL, f"as it ended: {columns.STEP_SECONDS}", unit="s", volatile=True
        ),
        column("rung", COUNT, "epoch at which ASHA stopped a censored trial", unit="epochs"),
        column("error", TEXT, "why a trial is not done; null when it is", volatile=True),
        column("attempt", COUNT, "how often the trial was started", volatile=True),
        column("started", DOUBLE, "first start", unit="s, Unix", volatile=True),
        column("ended", DOUBLE, "end", unit="s, Unix", volatile=True),
        column("seconds", DOUBLE, "time in the trial, all attempts", unit="s", volatile=True),
        column("host", TEXT, "host of the last attempt", volatile=True),
        column("device", TEXT, "device of the last attempt", volatile=True),
        column("retried_alone", FLAG, columns.RETRIED_ALONE, volatile=True),
        column("checkpoint_kept", FLAG, columns.CHECKPOINT_KEPT, volatile=True),
        column("version", TEXT, columns.VERSION, volatile=True),
        column("weights_hash", TEXT, "SHA-256 of the file of model.weights; null without one"),
        column("code", TEXT, columns.CODE, volatile=True),
        column("manifest", TEXT, "JSON {part: bytes} of all parts of the trial", volatile=True),
    ]
)

EPOCHS = pa.schema(
    [
        TRIAL_ID,
        TASK,
        EPOCH,
        column("step", COUNT, "optimizer steps done", unit="steps"),
        column("lr", REAL, "learning rate of the next step"),
        column("train_loss", REAL, "mean cross entropy while training the epoch", unit="nats"),
        column("train_accuracy", REAL, "accuracy while training the epoch", unit="fraction"),
        column("val_loss", REAL, "cross entropy on val, after pruning", unit="nats"),
        column("val_accuracy", REAL, "accuracy on val, after pruning", unit="fraction"),
        column("task_accuracy", REAL, columns.TASK_ACCURACY, unit="fraction"),
        column("online_accuracy", REAL, columns.ONLINE_ACCURACY, unit="fraction"),
        column("sparsity_target", REAL, "what the schedule asked for", unit="fraction"),
        column("sparsity", REAL, "masked over all prunable units, after pruning", unit="fraction"),
        column("weight_sparsity", REAL, columns.WEIGHT_SPARSITY, unit="fraction"),
        column("noise_scale", REAL, columns.NOISE_SCALE, unit="images"),
        column("effective_rank", REAL, "effective rank of the penultimate features"),
        column("srank", REAL, "srank (delta 0.01) of the penultimate features"),
        column("stable_rank", REAL, "stable rank of the penultimate features"),
        column("train_seconds", REAL, "training since the last point", unit="s", volatile=True),
        column("observe_seconds", REAL, "the probe pass", unit="s", volatile=True),
        column("prune_seconds", REAL, "scoring, masking and shrinking", unit="s", volatile=True),
        column("evaluate_seconds", REAL, "val, and the noise scale", unit="s", volatile=True),
    ]
)

LAYERS = pa.schema(
    [
        TRIAL_ID,
        TASK,
        EPOCH,
        LAYER,
        column("depth", COUNT, "position in the forward pass, from 0; heads come last"),
        column("site", NAME, f"internal, stream where it writes to a residual one, or {HEADS}"),
        column("dense", COUNT, "neurons of the layer", unit="neurons"),
        column("kept", COUNT, "not masked before this point's pruning", unit="neurons"),
        column("masked", COUNT, "masked before this point's pruning", unit="neurons"),
        column("pruned", COUNT, "masked at this point", unit="neurons"),
        column("floored", FLAG, "a floor kept the method from masking more here"),
        column("death", NAME, f"{columns.HEADLINE}; died and revived go by it"),
        column("born_dead", COUNT, "dead at epoch 0, by `death`; null later", unit="neurons"),
        column("died", COUNT, columns.DIED, unit="neurons"),
        column("revived", COUNT, columns.REVIVED, unit="neurons"),
        column("border_died", COUNT, columns.BORDER_DIED, unit="neurons"),
        column("border_revived", COUNT, columns.BORDER_REVIVED, unit="neurons"),
        column("dead", COUNT, f"{columns.STRICT}; null for others", unit="neurons"),
        column("negative_side", COUNT, columns.NEGATIVE_SIDE, unit="neurons"),
        column("saturated", COUNT, columns.SATURATED, unit="neurons"),
        column("rare", COUNT, columns.RARE, unit="neurons"),
        column("dormant_0025", COUNT, "kept, and dormancy <= 0.025", unit="neurons"),
        column("dormant_01", COUNT, "kept, and dormancy <= 0.1", unit="neurons"),
        column("low_variance", COUNT, "kept, variance <= 1 % of the layer's mean", unit="neurons"),
        column("entropy", REAL, "mean normalised entropy of kept neurons", unit="fraction"),
        column("nvi", REAL, "mean vitality index (raw norm) of kept neurons"),
        column("fire_rate", REAL, "mean fire rate (1 - APoZ) of kept neurons", unit="fraction"),
        column("mean_abs", REAL, "mean |activation| of kept neurons"),
        column("weight_norm", REAL, "mean L2 norm of incoming weights of kept neurons"),
        *ON_REQUEST["layers"],
    ]
)

NEURONS = pa.schema(
    [
        TRIAL_ID,
        TASK,
        EPOCH,
        LAYER,
        NEURON,
        column("kept", FLAG, "not masked before this point's pruning"),
        column("dead", FLAG, f"{columns.STRICT}; null for other activations"),
        column("mean_abs", REAL, "mean |activation| over images and positions"),
        column("maximum", REAL, "largest activation over images and positions"),
        column("fire_rate", REAL, "images and positions > 0: 1 - APoZ", unit="fraction"),
        column("variance", REAL, "variance over images of the spatial mean"),
        column("entropy", REAL, "normalised entropy, bin edges of the layer", unit="fraction"),
        column("dormancy", REAL, "mean |activation| over the layer's; null when masked"),
        column("nvi", REAL, "vitality index (raw norm); null when masked"),
        column("weight_norm", REAL, "L2 norm of the incoming weights"),
        *ON_REQUEST["neurons"],
    ]
)

LIFE = pa.schema(
    [
        TRIAL_ID,
        TASK,
        EPOCH,
        LAYER,
        column("neuron", COUNT, "index in the dense layer; null for weight-level events, shrunk"),
        column("event", NAME, f"one of {', '.join(EVENTS)}; died, revived: by layers.death"),
        column("cause", NAME, columns.CAUSE),
        column("count", COUNT, columns.WEIGHT_COUNT, unit="weights, neurons or resets"),
    ]
)

TABLES = {"trials": TRIALS, "epochs": EPOCHS, "layers": LAYERS, "neurons": NEURONS, "events": LIFE}
# what a search may go by: measured on train and val, the same after an interruption
OBJECTIVES = [
    *("val_loss", "val_accuracy", "best_val_accuracy", "sparsity", "weight_sparsity"),
    *("live_parameters", "parameters_left", "flops_left"),
]
# columns of `trials` that a comparison can be about
NUMBERS = [field.name for field in TRIALS if field.type in (COUNT, REAL, DOUBLE)]
VOLATILE = {
    table: [f.name for f in schema if f.metadata[b"volatile"] == b"true"]
    for table, schema in TABLES.items()
}
