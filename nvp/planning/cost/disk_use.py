"""What trials will write: bytes of tables and checkpoints, from the networks without their data."""

from collections import Counter
from functools import cache

from nvp.config.trial_config import TrialConfig
from nvp.data import data_facts, data_root, facts_of
from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import live_weights
from nvp.pruning import plan_pruning
from nvp.training.loop import num_epochs
from nvp.training.optim import MOMENTS
from nvp.trial.checkpoint import KEEP_LAST
from nvp.trial.rows import is_sampled
from nvp.trial.validation import check_model

ROW_BYTES = {"neurons": 32, "layers": 60, "epochs": 100}  # measured on digits, compressed
TRIAL_BYTES = 20_000
NEURON_BYTES = 10  # of a checkpoint: idle, dead and kept


def kinds(trials: list[TrialConfig]) -> list[tuple[TrialConfig, int]]:
    """Return the first of the trials that hardly differ in cost, and how many they are."""
    counts: Counter[tuple] = Counter()
    firsts: dict[tuple, TrialConfig] = {}
    for config in trials:
        kind = (config.epochs, config.steps, *step_kind(config))
        firsts.setdefault(kind, config)
        counts[kind] += 1
    return [(firsts[kind], count) for kind, count in counts.items()]


def step_kind(config: TrialConfig) -> tuple:
    """Return all that changes much of what a training step costs."""
    return (config.data, config.model, config.probe, config.precision, config.layout)


def estimate_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of the tables that `trials` will write."""
    return sum(count * trial_bytes(config) for config, count in kinds(trials))


def trial_bytes(config: TrialConfig) -> int:
    """Return the bytes of one trial's tables."""
    facts = facts_of(config.data, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    widths = [len(layer.keep) for layer in neuron_layers(model).values()]
    points = num_epochs(config, facts.num_train) // config.probe.every + 1
    sampled = sum(is_sampled(epoch) for epoch in range(points)) + 2
    rows = {"neurons": sum(widths) * sampled, "layers": len(widths) * points, "epochs": points}
    return TRIAL_BYTES + sum(ROW_BYTES[table] * count for table, count in rows.items())


def checkpoint_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of the largest checkpoint of `trials`; each keeps the last two it wrote."""
    return max(map(one_checkpoint, {checkpoint_kind(config) for config in trials}))


def kept_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of all checkpoints of `trials` when they are kept."""
    counts = Counter(map(checkpoint_kind, trials))
    return KEEP_LAST * sum(count * one_checkpoint(kind) for kind, count in counts.items())


def checkpoint_kind(config: TrialConfig) -> tuple:
    """Return all that the size of a checkpoint depends on."""
    moments = MOMENTS[config.optim.name](config.optim)
    return (config.data.name, config.model, moments, plan_pruning(config.prune).granularity)


@cache
def one_checkpoint(kind: tuple) -> int:
    """Return the bytes of the weights, moments and masks, and of what is known of each neuron."""
    data, config, moments, granularity = kind
    facts = data_facts(data, data_root())
    model = check_model(config, facts.image_shape, facts.num_classes)
    weights = sum(tensor.nbytes for tensor in model.state_dict().values())
    parameters = sum(parameter.nbytes for parameter in model.parameters())
    neurons = sum(len(layer.keep) for layer in neuron_layers(model).values())
    masks = sum(live.numel() for live in live_weights(model).values())
    of_masks = masks if granularity == "weight" else 0
    return weights + moments * parameters + of_masks + NEURON_BYTES * neurons
