"""The loop: a generator of measuring points. No Ray, no Arrow, no paths, no printing.

Order at a measuring point: train -> observe -> prune -> shrink -> evaluate. What is observed is the
network before this point's pruning; validation comes after it.
"""

from collections.abc import Iterator
from functools import cache
from math import ceil
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

from nvp.config.seed import generator
from nvp.config.trial_config import TrialConfig
from nvp.data.batches import eval_batches, steps_per_epoch
from nvp.data.splits import ImageSource, Splits
from nvp.network.precision import compute_logits
from nvp.network.train_state import Diverged, TrainState, check_finite
from nvp.network.weight_masks import weight_sparsity
from nvp.pruning import MeasuringPoint, Moment, Pruned, count_masked_units, plan_pruning, prune
from nvp.pruning.removal_policy import shrink_if_due
from nvp.training.optim import learning_rate
from nvp.training.record import EpochRecord, look_again, look_at, noise_scale_now
from nvp.training.step import train_epoch
from nvp.vitality import Activity, Observation, measure_ranks, observe
from nvp.vitality.observe import in_eval_mode

__all__ = ["Diverged", "EpochRecord", "TrainState", "evaluate", "num_epochs", "num_steps", "train"]


def train(config: TrialConfig, data: Splits, state: TrainState) -> Iterator[EpochRecord]:
    """Train from state.epoch to the end, yielding at each measuring point, epoch 0 included.

    The caller decides what a record is for. `state` is complete between yields: checkpoint there.

    Raises:
        Diverged: when a loss, weight or activation is not finite.
    """
    epochs = num_epochs(config, len(data.train))
    steps = num_steps(config, len(data.train))
    clock = Clock()
    for epoch in range(state.epoch + 1, epochs + 1):
        train_loss, train_accuracy = train_epoch(config, data.train, state, epoch, total=steps)
        state.epoch = epoch
        if epoch % config.probe.every and epoch < epochs:
            continue
        clock.lap("train")
        observation = look(config, state, data.probe(config.probe.size))
        layers = look_at(state, observation, config)
        ranks = measure_ranks(observation.features)
        clock.lap("observe")
        pruned = prune_state(config, data, state, observation)
        look_again(state, layers, pruned)
        removed = shrink_state(config, data, state)
        clock.lap("prune")
        val_loss, val_accuracy = evaluate(state.model, data.val, precision=config.precision)
        noise_scale = noise_scale_now(config, data, state)
        clock.lap("evaluate")
        masked, units = count_masked_units(state.model, config.prune.sites)
        masked_weights, weights = weight_sparsity(state.model)
        yield EpochRecord(
            epoch=epoch,
            step=state.step,
            lr=learning_rate(config.optim, min(state.step / steps, 1.0)),
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
        clock = Clock()


class Clock:
    """Seconds of the parts of a measuring point."""

    def __init__(self) -> None:
        self.last = perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Give the time since the last lap to `name`."""
        now = perf_counter()
        self.laps[name], self.last = now - self.last, now


def num_steps(config: TrialConfig, num_images: int) -> int:
    """Return the optimizer steps of a whole trial."""
    return config.steps or config.epochs * steps_per_epoch(num_images, config.data.batch_size)


def num_epochs(config: TrialConfig, num_images: int) -> int:
    """Return the epochs of a whole trial; with `steps`, the last one may be shorter."""
    per_epoch = steps_per_epoch(num_images, config.data.batch_size)
    return ceil(num_steps(config, num_images) / per_epoch)


def evaluate(
    model: nn.Module, images: ImageSource, *, precision: str = "float32"
) -> tuple[float, float]:
    """Return mean loss (nats) and accuracy over all `images`, computed in `precision`.

    Raises:
        Diverged: when the loss is not finite.
    """
    sums = torch.zeros(2, dtype=torch.float64, device=images.device)
    with in_eval_mode(model), torch.no_grad():
        for pixels, labels in eval_batches(images):
            logits = compute_logits(model, pixels, precision)
            loss = F.cross_entropy(logits, labels, reduction="sum")
            sums += torch.stack([loss.double(), (logits.argmax(1) == labels).sum().double()])
    loss, hits = (sums / len(images)).tolist()
    check_finite(loss, "evaluation loss")
    return loss, hits


def look(config: TrialConfig, state: TrainState, images: ImageSource) -> Observation:
    """Return what every neuron does over `images`, in the precision the network trains in."""
    bins, precision = config.probe.bins, config.precision
    return observe(state.model, images, bins=bins, precision=precision)


def prune_state(
    config: TrialConfig, data: Splits, state: TrainState, observation: Observation
) -> Pruned:
    """Let the trial's method prune at this measuring point."""
    plan = plan_pruning(config.prune)
    if not plan.criterion:
        return Pruned()
    return prune(build_point(config, data, state, observation), plan)


def shrink_state(config: TrialConfig, data: Splits, state: TrainState) -> dict[str, int]:
    """Remove what is masked, if the trial's policy says so; return how many neurons, by layer."""
    return shrink_if_due(
        state,
        plan_pruning(config.prune),
        progress=state.epoch / num_epochs(config, len(data.train)),
        image_shape=data.train.shape,
        images_to_come=(num_steps(config, len(data.train)) - state.step) * config.data.batch_size,
    )


def build_point(
    config: TrialConfig, data: Splits, state: TrainState, observation: Observation
) -> MeasuringPoint:
    """Return this measuring point as pruning sees it."""

    @cache
    def confirm() -> dict[str, Activity]:
        return look(config, state, data.train).layers

    epochs = num_epochs(config, len(data.train))
    own = range(state.forked + 1, state.epoch)
    before = max((e for e in own if not e % config.probe.every), default=-epochs)
    return MeasuringPoint(
        model=state.model,
        optimizer=state.optimizer,
        observation=observation,
        images=data.probe(config.prune.batch),
        moment=Moment(state.epoch / epochs, before / epochs),
        idle=state.idle,
        confirm=confirm,
        memory=state.memory,
        ties=generator(config.seed, "ties", state.epoch),
        regrow=generator(config.seed, "regrow", state.epoch),
    )
