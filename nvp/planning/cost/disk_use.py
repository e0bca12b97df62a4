"""Disk use: the bytes of tables and checkpoints that trials will write, from their networks."""

from collections import Counter
from functools import cache

from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_facts, read_trial_facts
from nvp.data.own import name_set
from nvp.data.tasks import expect_task_images
from nvp.network.groups import neuron_layers, watched_layers
from nvp.network.weight_masks import live_weights
from nvp.pruning import plan_pruning
from nvp.training.length import count_points, find_length
from nvp.training.optim import count_moments
from nvp.trial.checkpoint import KEEP_LAST
from nvp.trial.sampling import count_sampled
from nvp.trial.validation import check_model

ROW_BYTES = {"neurons": 32, "layers": 60, "epochs": 100}  # measured on digits, compressed
TRIAL_BYTES = 20_000
NEURON_BYTES = 10  # of a checkpoint, for each neuron: idle, dead and kept


def group_by_cost(trials: list[TrialConfig]) -> list[tuple[TrialConfig, int]]:
    """Return (first trial, number of trials) of each group that hardly differs in cost."""
    counts: Counter[tuple] = Counter()
    firsts: dict[tuple, TrialConfig] = {}
    for config, count in group_replicates(trials):
        kind = (config.epochs, config.steps, *step_kind(config))
        firsts.setdefault(kind, config)
        counts[kind] += count
    return [(firsts[kind], count) for kind, count in counts.items()]


def group_replicates(trials: list[TrialConfig]) -> list[tuple[TrialConfig, int]]:
    """Return (first trial, number of trials) of each group that differs in seeds alone.

    Replicates of a cell share their sections, so these are told apart by which object they are,
    not by their values: hashing those of 100,000 trials takes many seconds.
    """
    counts: Counter[tuple] = Counter()
    firsts: dict[tuple, TrialConfig] = {}
    for config in trials:
        sections = (
            config.data,
            config.model,
            config.optim,
            config.prune,
            config.remedy,
            config.probe,
        )
        key = (config.epochs, config.steps, config.precision, config.layout, *map(id, sections))
        firsts.setdefault(key, config)
        counts[key] += 1
    return [(firsts[key], count) for key, count in counts.items()]


def step_kind(config: TrialConfig) -> tuple:
    """Return the fields that the cost of a training step mainly depends on."""
    return (config.data, config.model, config.probe, config.precision, config.layout)


def estimate_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of the tables that `trials` will write."""
    return sum(count * trial_bytes(config) for config, count in group_by_cost(trials))


def trial_bytes(config: TrialConfig) -> int:
    """Return the bytes of one trial's tables."""
    facts = read_trial_facts(config.data, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    widths = [len(layer.keep) for layer in watched_layers(model).values()]
    length = find_length(config, expect_task_images(config.data, facts))
    points = count_points(config, length)
    sampled = count_sampled(points) + 2
    rows = {"neurons": sum(widths) * sampled, "layers": len(widths) * points, "epochs": points}
    return TRIAL_BYTES + sum(ROW_BYTES[table] * count for table, count in rows.items())


def checkpoint_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of the largest checkpoint of `trials`; each keeps the last two it wrote."""
    kinds = {checkpoint_kind(config) for config, _ in group_replicates(trials)}
    return max(map(count_checkpoint, kinds))


def kept_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of all checkpoints of `trials` when they are kept."""
    groups = group_replicates(trials)
    return KEEP_LAST * sum(n * count_checkpoint(checkpoint_kind(config)) for config, n in groups)


def checkpoint_kind(config: TrialConfig) -> tuple:
    """Return the fields that the size of a checkpoint depends on."""
    moments = count_moments(config.optim)
    return (name_set(config.data), config.model, moments, plan_pruning(config.prune).granularity)


@cache
def count_checkpoint(kind: tuple) -> int:
    """Return the bytes of a checkpoint: weights, moments, masks and the memory of each neuron."""
    data, config, moments, granularity = kind
    facts = read_facts(data, data_root())
    model = check_model(config, facts.image_shape, facts.num_classes)
    weights = sum(tensor.nbytes for tensor in model.state_dict().values())
    parameters = sum(parameter.nbytes for parameter in model.parameters())
    neurons = sum(len(layer.keep) for layer in neuron_layers(model).values())
    masks = sum(live.numel() for live in live_weights(model).values())
    of_masks = masks if granularity == "weight" else 0
    return weights + moments * parameters + of_masks + NEURON_BYTES * neurons
