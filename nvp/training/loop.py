"""The loop: a generator of measuring points. No Ray, no Arrow, no paths, no printing.

Order at a measuring point: train -> observe -> prune -> shrink -> evaluate. What is observed is the
network before this point's pruning; validation comes after it.
"""

from collections.abc import Iterator
from time import perf_counter

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.data.tasks import make_task
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import weight_sparsity
from nvp.pruning import count_masked_units
from nvp.training.evaluation import evaluate_split
from nvp.training.length import find_length, is_measured
from nvp.training.measuring import observe_network, prune_state, shrink_state
from nvp.training.optional_measures import complete_records
from nvp.training.record import (
    EpochRecord,
    measure_noise_scale,
    record_layers,
    record_pruning,
)
from nvp.training.step import find_learning_rate, train_epoch
from nvp.training.tasks import cross_border, select_task
from nvp.vitality import measure_ranks


def train(config: TrialConfig, data: Splits, state: TrainState) -> Iterator[EpochRecord]:
    """Train from state.epoch to the end, yielding at each measuring point, epoch 0 included.

    The caller decides what a record is for. `state` is complete between yields: checkpoint there.

    Raises:
        Diverged: when a loss, weight or activation is not finite.
    """
    clock, whole = Clock(), data
    data = select_task(config, whole, state)
    length = find_length(config, data.train_images)
    for epoch in range(state.epoch + 1, length.epochs + 1):
        if (task := length.find_task(epoch)) > state.task:
            data = make_task(config.data, whole, config.seed, task)
            cross_border(config, state, task, data)
        trained = train_epoch(config, data.train, state, epoch, length=length)
        state.epoch = epoch
        if is_measured(config, length, epoch):
            clock.lap("train")
            rate = find_learning_rate(config.optim, length, state.step)
            yield measure_point(config, data, state, clock, lr=rate, trained=trained)
            clock = Clock()


def measure_point(
    config: TrialConfig,
    data: Splits,
    state: TrainState,
    clock: "Clock",
    *,
    lr: float,
    trained: tuple[float | None, float | None],
) -> EpochRecord:
    """Observe, prune, shrink and evaluate; return what was seen. Changes the state and the clock.

    Args:
        config: of the trial.
        data: of the task that the state was trained on.
        state: after an epoch.
        clock: its last lap is the training.
        lr: of the next step.
        trained: loss and accuracy while training the epoch.
    """
    probe = data.probe(config.probe.size)
    observation = observe_network(config, state, probe, duplicates=config.probe.duplicates)
    layers = record_layers(state, observation, config)
    complete_records(config, data, state, layers)
    ranks = measure_ranks(observation.features)
    clock.lap("observe")
    pruned = prune_state(config, data, state, observation)
    record_pruning(state, layers, pruned)
    removed = shrink_state(config, data, state)
    clock.lap("prune")
    val_loss, val_accuracy = evaluate_split(state.model, data.val, precision=config.precision)
    noise_scale = measure_noise_scale(config, data, state)
    clock.lap("evaluate")
    masked, units = count_masked_units(state.model, config.prune.sites)
    masked_weights, weights = weight_sparsity(state.model)
    train_loss, train_accuracy = trained
    return EpochRecord(
        epoch=state.epoch,
        step=state.step,
        lr=lr,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        observation=observation,
        ranks=ranks,
        layers=layers,
        target=pruned.target,
        masked=masked,
        units=units,
        masked_weights=masked_weights,
        weights=weights,
        seconds=clock.laps,
        noise_scale=noise_scale,
        forced=pruned.forced,
        weight_events=pruned.weights,
        removed=removed,
    )


class Clock:
    """Seconds of the parts of a measuring point."""

    def __init__(self) -> None:
        self.last = perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Give the time since the last lap to `name`."""
        now = perf_counter()
        self.laps[name], self.last = now - self.last, now
