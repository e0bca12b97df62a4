"""Records of a measuring point, before and after its pruning."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.network.groups import Layer, Watched, neuron_layers, watched_heads
from nvp.network.train_state import TrainState, check_finite
from nvp.pruning import Pruned
from nvp.pruning.criteria.dead import is_idle
from nvp.remedies.neuron_reset import RESETS
from nvp.training.border import Border, Change
from nvp.training.plasticity import TaskEnd
from nvp.vitality import (
    Activity,
    GradientScores,
    Observation,
    Ranks,
    headline_death,
    judge_deaths,
    weight_norms,
)


@dataclass
class LayerRecord:
    """One layer at a measuring point, before its pruning; `events` after it too.

    Attributes:
        site: "internal", "stream", or "heads" of an attention.
        keep: True where not masked.
        norms: L2 norm of each neuron's incoming weights.
        deaths: {definition that applies: verdict}, False where masked.
        death: the headline definition, which `died` and `revived` go by.
        events: {event of a neuron: to which neurons it happened since the last point}.
        origin: index of each neuron in the dense layer; those removed before are not there.
        dense: neurons of the dense layer.
        floored: whether a floor kept the method from masking more of it.
        resets: how often a remedy reset each neuron since the last point; None = none of them.
        gradients: scores by gradients; None where they are not measured.
        weight_magnitude: mean |incoming weight|; None where it is not measured, or all are masked.
        earlier: what happened at a border between two tasks, crossed since the last point.
    """

    site: str
    keep: Bool[Tensor, "f"]
    norms: Float[Tensor, "f"]
    deaths: dict[str, Bool[Tensor, "f"]]
    death: str
    events: dict[str, Bool[Tensor, "f"]]
    origin: Int64[Tensor, "f"]
    dense: int
    floored: bool = False
    resets: Int64[Tensor, "f"] | None = None
    gradients: GradientScores | None = None
    weight_magnitude: float | None = None
    earlier: tuple[Change, ...] = ()

    @property
    def is_of_heads(self) -> bool:
        """Return whether it is of heads of attention, which are counted among no neurons."""
        return self.site == "heads"

    @property
    def dead(self) -> Bool[Tensor, "f"]:
        """Return the verdict of the headline definition."""
        return self.deaths[self.death]


@dataclass(frozen=True)
class EpochRecord:
    """A measuring point, and the training since the last one; losses in nats, fractions in [0, 1].

    A loop that is not ours (`nvp.monitor`) need not say all that was measured: None is "not known".

    Attributes:
        task: that was trained last, from 0; None without tasks.
        task_end: of that task, where it ends at this point.
        ranks: of the features of the last layer of neurons, before pruning.
        masked: masked prunable units, of `units`, after pruning.
        masked_weights: masked conv and linear weights, of `weights`, after pruning.
        noise_scale: the gradient-noise scale in images; None where it is not measured or has none.
        forced: whether pruning came at its latest point, since its trigger never fired.
        weight_events: {layer path: (weights pruned, weights grown)}, of any layer that has weights.
        removed: {layer path: neurons removed physically}, of watched layers.
    """

    epoch: int
    step: int | None
    lr: float | None
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    observation: Observation
    ranks: Ranks
    layers: dict[str, LayerRecord]
    target: float | None
    masked: int
    units: int
    masked_weights: int
    weights: int
    seconds: dict[str, float]
    noise_scale: float | None = None
    forced: bool = False
    weight_events: dict[str, tuple[int, int]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    task: int | None = None
    task_end: TaskEnd | None = None


def record_layers(
    state: TrainState,
    observation: Observation,
    config: TrialConfig,
    border: Border | None = None,
) -> dict[str, LayerRecord]:
    """Return each layer's record. Changes the state: its verdicts, and resets that are recorded.

    Args:
        state: after an epoch.
        observation: of its network.
        config: of the trial.
        border: that was crossed since the last point; None = none was.
    """
    records = {}
    for path, layer in neuron_layers(state.model).items():
        before = border.dead if border else state.dead
        was_dead = before.get(path, torch.zeros_like(layer.keep))
        record = record_layer(path, layer, observation.layers[path], was_dead)
        idle = find_idle(observation, path, layer, config)
        state.idle[path] = torch.where(idle, state.idle.get(path, idle.long() * 0) + 1, 0)
        state.dead[path] = record.dead
        record.resets = state.remedy.pop(path + RESETS, None)
        record.earlier = border.changes[path] if border else ()
        records[path] = record
    return records | record_heads(state.model, observation)


def record_heads(model: nn.Module, observation: Observation) -> dict[str, LayerRecord]:
    """Return the record of each attention whose heads are watched; nothing happens to heads."""
    records = {}
    for path, layer in watched_heads(model).items():
        none = torch.zeros_like(layer.keep)
        records[path] = record_layer(path, layer, observation.layers[path], none)
        records[path].events = {"pruned": none}
    return records


def record_layer(
    path: str, layer: Watched, activity: Activity, was_dead: Bool[Tensor, "f"]
) -> LayerRecord:
    """Return the record of one layer; `was_dead` is the headline verdict of the point before.

    Raises:
        Diverged: an activation or a weight is not finite.
    """
    check_finite(float(activity.mean_abs.sum() + activity.variance.sum()), f"{path} activity")
    verdicts = judge_deaths(activity, layer.keep, layer.activation)
    death = headline_death(layer.activation)
    dead = verdicts[death]
    norms = weight_norms(layer, kind="raw")
    check_finite(float(norms.sum()), f"{path} weight norm")
    return LayerRecord(
        site=layer.site,
        keep=layer.keep.clone(),
        norms=norms,
        deaths=verdicts,
        death=death,
        events={"died": dead & ~was_dead, "revived": was_dead & ~dead & layer.keep},
        origin=layer.origin,
        dense=layer.dense,
    )


def record_pruning(state: TrainState, records: dict[str, LayerRecord], pruned: Pruned) -> None:
    """Complete the records with what pruning did, and bring `state.kept` up to date."""
    for path, layer in neuron_layers(state.model).items():
        before = state.kept.get(path, torch.ones_like(layer.keep))
        records[path].events |= {
            "pruned": before & ~layer.keep,
            "reactivated": layer.keep & ~before,
        }
        records[path].events |= pruned.states.get(path, {})
        records[path].floored = (layer.group or path) in pruned.floored
        state.kept[path] = layer.keep.clone()


def find_idle(
    observation: Observation, path: str, layer: Layer, config: TrialConfig
) -> Bool[Tensor, "f"]:
    """Return which kept neurons of a layer are strictly dead or dormant at `prune.tau`."""
    activity = observation.layers[path]
    idle = torch.zeros_like(layer.keep)
    if bool(layer.keep.any()):
        idle[layer.keep] = is_idle(activity.select(layer.keep), tau=config.prune.tau)
    return idle
