"""What a study will cost: from its finished trials, else from a few timed steps."""

from dataclasses import replace
from functools import cache
from statistics import median

import torch

from nvp.build import build, set_up_process
from nvp.check import check_model
from nvp.config import TrialConfig
from nvp.data import data_facts, data_root
from nvp.data.data_set import DataSet
from nvp.data.splits import Images, Splits
from nvp.neurons import neuron_layers
from nvp.rows import is_sampled
from nvp.tables import Index
from nvp.train import TrainState, num_epochs, num_steps, train

STEPS = 5
ROW_BYTES = {"neurons": 32, "layers": 60, "epochs": 100}  # measured on digits, compressed
TRIAL_BYTES = 20_000


def estimate_seconds(trials: list[TrialConfig], index: Index) -> tuple[float, str]:
    """Return the seconds of all `trials`, one after another, and what that rests on."""
    finished = [row["seconds"] for row in index.rows.values() if row["status"] == "done"]
    if finished:
        return median(finished) * len(trials), f"the median of {len(finished)} finished trials"
    seconds = sum(extrapolate(costly_part(config)) for config in trials)
    return seconds, f"{STEPS} timed steps on this machine's CPU"


def costly_part(config: TrialConfig) -> TrialConfig:
    """Return the configuration with all that hardly changes its cost at the defaults."""
    default = TrialConfig()
    return replace(config, seed=0, prune=default.prune, optim=default.optim)


@cache
def extrapolate(config: TrialConfig) -> float:
    """Train a few steps, observe and evaluate once; scale each to the whole trial."""
    set_up_process("cpu")
    facts = data_facts(config.data.name, data_root())
    batch = config.data.batch_size
    data = random_images(facts, max(STEPS * batch, min(config.probe.size, facts.num_train)))
    short = replace(config, steps=STEPS, epochs=1)
    state = build(short, data, "cpu")
    seconds = {"train": 0.0, "observe": 0.0, "evaluate": 0.0}
    steps = 0
    for record in train(short, data, state):
        seconds |= record.seconds
        steps = record.step
    per_step = seconds["train"] / max(steps, 1)
    points = num_epochs(config, facts.num_train) / config.probe.every + 1
    return num_steps(config, facts.num_train) * per_step + points * (
        seconds["observe"] + seconds["evaluate"]
    )


def random_images(facts: DataSet, count: int) -> Splits:
    """Return noise in the shape of a data set: enough to time a step."""
    pixels = torch.randint(0, 256, (count, *facts.image_shape), dtype=torch.uint8)
    channels = facts.image_shape[0]
    images = Images(
        pixels, torch.zeros(count, dtype=torch.int64), (0.5,) * channels, (0.25,) * channels
    )
    return Splits(images, images, images, facts.num_classes)


def dense(config: TrialConfig, facts: DataSet) -> TrainState:
    """Return the initial state of a trial without its data."""
    return build(config, random_images(facts, 1), "cpu")


def estimate_bytes(trials: list[TrialConfig]) -> int:
    """Return the bytes of the tables that `trials` will write."""
    return sum(trial_bytes(costly_part(config)) for config in trials)


@cache
def trial_bytes(config: TrialConfig) -> int:
    """Return the bytes of one trial's tables."""
    facts = data_facts(config.data.name, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    widths = [len(layer.keep) for layer in neuron_layers(model).values()]
    points = num_epochs(config, facts.num_train) // config.probe.every + 1
    sampled = sum(is_sampled(epoch) for epoch in range(points)) + 2
    rows = {"neurons": sum(widths) * sampled, "layers": len(widths) * points, "epochs": points}
    return TRIAL_BYTES + sum(ROW_BYTES[table] * count for table, count in rows.items())
