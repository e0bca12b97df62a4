"""Steps of a measuring point: observe the network, prune it, remove what is masked."""

from functools import cache

from nvp.config.seed import make_generator
from nvp.config.trial_config import TrialConfig
from nvp.data.splits import ImageSource, Splits
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import live_weights
from nvp.pruning import MeasuringPoint, Moment, Pruned, plan_pruning, prune_point
from nvp.pruning.removal_policy import shrink_if_due
from nvp.training.length import find_length, is_measured
from nvp.vitality import Activity, Observation, gradient_noise_scale, observe_images


def observe_network(
    config: TrialConfig,
    state: TrainState,
    images: ImageSource,
    *,
    duplicates: float = 0.0,
    histograms: bool = True,
) -> Observation:
    """Return the activity of every neuron over `images`, in the precision of training."""
    return observe_images(
        state.model,
        images,
        bins=config.probe.bins if histograms else 0,
        precision=config.precision,
        duplicates=duplicates,
    )


def prune_state(
    config: TrialConfig, data: Splits, state: TrainState, observation: Observation
) -> Pruned:
    """Prune the state as the trial's plan says at this measuring point. Changes the state."""
    plan = plan_pruning(config.prune)
    if not plan.criterion:
        return Pruned()
    return prune_point(build_point(config, data, state, observation), plan)


def shrink_state(config: TrialConfig, data: Splits, state: TrainState) -> dict[str, int]:
    """Remove masked neurons if the trial's policy says so; return how many, by layer.

    Changes the state.
    """
    length = find_length(config, data.train_images)
    return shrink_if_due(
        state,
        plan_pruning(config.prune),
        progress=state.epoch / length.epochs,
        image_shape=data.train.shape,
        images_to_come=(length.steps - state.step) * config.data.batch_size,
    )


def build_point(
    config: TrialConfig, data: Splits, state: TrainState, observation: Observation
) -> MeasuringPoint:
    """Return the measuring point of the state as it is now."""

    @cache  # a pass over all of train, so at most once a point, and only for criteria that ask
    def confirm() -> dict[str, Activity]:
        return observe_network(config, state, data.train, histograms=False).layers

    length = find_length(config, data.train_images)
    earlier = range(state.epoch - 1, state.forked, -1)
    before = next((e for e in earlier if is_measured(config, length, e)), -length.epochs)
    return MeasuringPoint(
        model=state.model,
        optimizer=state.optimizer,
        observation=observation,
        images=data.probe(config.prune.batch),
        moment=Moment(state.epoch / length.epochs, before / length.epochs),
        idle=state.idle,
        confirm=confirm,
        memory=state.memory,
        ties=make_generator(config.seed, "ties", state.epoch),
        regrow=make_generator(config.seed, "regrow", state.epoch),
    )


def measure_noise_scale(config: TrialConfig, data: Splits, state: TrainState) -> float | None:
    """Return the gradient-noise scale over the first `probe.noise_scale` train images, or None."""
    if not config.probe.noise_scale:
        return None
    images = data.probe(config.probe.noise_scale)
    return gradient_noise_scale(state.model, images, live_weights(state.model))
