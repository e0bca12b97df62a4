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
from nvp.training.border import Border, observe_border
from nvp.training.evaluation import evaluate_split
from nvp.training.length import Length, find_length, is_measured
from nvp.training.measuring import (
    measure_noise_scale,
    observe_network,
    prune_state,
    shrink_state,
)
from nvp.training.optional_measures import complete_records
from nvp.training.record import (
    EpochRecord,
    record_layers,
    record_pruning,
)
from nvp.training.step import find_learning_rate, train_epoch
from nvp.training.tasks import (
    cross_border,
    measure_task_end,
    name_task,
    select_task,
)
from nvp.vitality import measure_ranks


def train(config: TrialConfig, data: Splits, state: TrainState) -> Iterator[EpochRecord]:
    """Train from state.epoch to the end, yielding at each measuring point, epoch 0 included.

    The caller decides what a record is for. `state` is complete between yields: checkpoint there.

    Raises:
        Diverged: when a loss, weight or activation is not finite.
    """
    clock, whole, border = Clock(), data, None
    data = select_task(config, whole, state)
    length = find_length(config, data.train_images)
    for epoch in range(state.epoch + 1, length.epochs + 1):
        if (task := length.find_task(epoch)) > state.task:
            last, data = data, make_task(config.data, whole, config.seed, task)
            border = observe_border(config, state, last, data)
            clock.lap("observe")
            cross_border(config, state, task, data)
        trained = train_epoch(config, data.train, state, epoch, length=length)
        state.epoch = epoch
        if is_measured(config, length, epoch):
            clock.lap("train")
            yield measure_point(
                config, data, state, clock, length=length, trained=trained, border=border
            )
            clock, border = Clock(), None


def measure_point(
    config: TrialConfig,
    data: Splits,
    state: TrainState,
    clock: "Clock",
    *,
    length: Length,
    trained: tuple[float | None, float | None],
    border: Border | None = None,
) -> EpochRecord:
    """Observe, prune, shrink and evaluate; return what was seen. Changes the state and the clock.

    Args:
        config: of the trial.
        data: of the task that the state was trained on.
        state: after an epoch.
        clock: its last lap is the training.
        length: of the trial.
        trained: loss and accuracy while training the epoch.
        border: between two tasks, crossed since the last point; None = none was.
    """
    probe = data.probe(config.probe.size)
    observation = observe_network(config, state, probe, duplicates=config.probe.duplicates)
    layers = record_layers(state, observation, config, border)
    complete_records(config, data, state, layers)
    ranks = measure_ranks(observation.features)
    clock.lap("observe")
    pruned = prune_state(config, data, state, observation)
    record_pruning(state, layers, pruned)
    removed = shrink_state(config, data, state)
    clock.lap("prune")
    val_loss, val_accuracy = evaluate_split(state.model, data.val, precision=config.precision)
    noise_scale = measure_noise_scale(config, data, state)
    task_end = measure_task_end(config, data, state, length)
    clock.lap("evaluate")
    masked, units = count_masked_units(state.model, config.prune.sites)
    masked_weights, weights = weight_sparsity(state.model)
    train_loss, train_accuracy = trained
    return EpochRecord(
        epoch=state.epoch,
        step=state.step,
        lr=find_learning_rate(config.optim, length, state.step),
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
        task=name_task(config, state),
        task_end=task_end,
    )


class Clock:
    """Seconds of the parts of a measuring point."""

    def __init__(self) -> None:
        self.last = perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last lap to `name`."""
        now = perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self.last
        self.last = now
