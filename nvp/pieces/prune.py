"""`nvp.prune`: one-shot pruning of a network, by the criterion of any method."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config.seed import kept_streams
from nvp.config.trial_config import PruneConfig
from nvp.network.groups import neuron_layers
from nvp.network.held_weights import hold_weights
from nvp.network.weight_masks import parameter_masks, weight_changes
from nvp.pieces.batches import Batch, collect_inputs, move_inputs, read_batches
from nvp.pieces.prune_checks import LABELLED, check_batch
from nvp.pieces.seen_network import find_seen_network
from nvp.pruning import MeasuringPoint, Moment, PruningPlan, check_support, plan_pruning
from nvp.pruning.criteria.dead import is_idle
from nvp.pruning.masking import mask
from nvp.vitality.observe import observe_batches

WHAT = "nvp.prune"
BINS = 32  # of the entropy, as in a trial
COMPARING = ("divergence", "entropy_drop", "legacy_rise")  # criteria of several measuring points
HARD = "at_init"  # a schedule that masks for good


def prune(
    network: nn.Module,
    optimizer: Optimizer | None = None,
    *,
    method: str = "nvp",
    sparsity: float = 0.5,
    images: Any,
    labels: Tensor | None = None,
    seed: int = 0,
) -> dict[str, int]:
    """Mask neurons or weights now, by what a method judges them by; return how many, by layer.

    Masked neurons put out nothing, and stay masked in any training loop. `nvp.shrink` removes them.
    A method that finds by itself how many to mask (dead, demp, apoz, ...) does not read `sparsity`.

    Args:
        network: adopted, or built of `NeuronLayer`; changed.
        optimizer: the optimizer of its parameters; its moments of what is masked become 0, so that
            they do not move it. Give it whenever there is one.
        method: a name in METHODS.
        sparsity: fraction of all prunable neurons, or weights, that is masked afterwards.
        images: a tensor, a DataLoader, or any iterable of batches of inputs or (inputs, labels).
        labels: classes of all images, where the batches have none; for methods with derivatives.
        seed: of what is drawn at random.

    Raises:
        ValueError: nvp sees no neurons in the network, the method does not exist or cannot work on
            it or needs several measuring points, or labels are missing.
    """
    seen = find_seen_network(network, WHAT)
    config = PruneConfig(method=method, sparsity=sparsity, patience=1, start=0.0, end=1.0)
    plan = plan_once(config, seen)
    with kept_streams():  # a DataLoader draws from the global streams
        batches = [*read_batches(images, WHAT)]
    check_batch(seen, plan, batches[0], WHAT)
    masks = {name: keep.clone() for name, keep in parameter_masks(seen).items()}
    kept = {path: layer.keep.clone() for path, layer in neuron_layers(seen).items()}
    mask(build_point(seen, optimizer, plan, batches, labels, seed), plan, sparsity)
    hold_weights(seen)
    lost = {
        path: int((kept[path] & ~layer.keep).sum()) for path, layer in neuron_layers(seen).items()
    }
    weights = {path: pruned for path, (pruned, _) in weight_changes(seen, masks).items()}
    return {path: count for path, count in (lost | weights).items() if count}


def plan_once(config: PruneConfig, network: nn.Module) -> PruningPlan:
    """Return the plan of a method that masks at once and for good."""
    plan = plan_pruning(config)
    if plan.method.aim == "none":
        raise ValueError(f"{WHAT}: expected a method that prunes, got method={config.method!r}")
    if plan.criterion in COMPARING:
        raise ValueError(
            f"{WHAT}: {config.method} compares several measuring points of one training, which one "
            f"call has not: run it in a study (prune.method={config.method}), or take another "
            "method"
        )
    activations = {type(layer.activation).__name__ for layer in neuron_layers(network).values()}
    check_support(plan, network, "relu" if activations <= {"ReLU", "ReLU6"} else "other")
    return replace(plan, schedule=HARD)


def build_point(
    network: nn.Module,
    optimizer: Optimizer | None,
    plan: PruningPlan,
    batches: list[Batch],
    labels: Tensor | None,
    seed: int,
) -> MeasuringPoint:
    """Return the measuring point of a network as it is now."""
    inputs, known = collect_inputs(batches, labels, plan.config.batch, WHAT)
    if plan.criterion in LABELLED and not known:
        raise ValueError(
            f"{WHAT}: {plan.config.method} takes derivatives of the loss: expected labels=..., or "
            "batches of (inputs, labels)"
        )
    observation = observe_batches(network, move_inputs(batches, network), bins=BINS)
    device = next(network.parameters()).device
    idle = {
        path: is_idle(activity, tau=plan.config.tau).long()
        for path, activity in observation.layers.items()
    }
    rng = torch.Generator().manual_seed(seed)
    return MeasuringPoint(
        model=network,
        optimizer=optimizer,
        observation=observation,
        images=inputs.to(device),
        moment=Moment(0.0 if is_fresh(network) else 1.0),
        idle=idle,
        confirm=lambda: observation.layers,
        memory={},
        ties=rng,
        regrow=rng,
    )


def is_fresh(network: nn.Module) -> bool:
    """Whether the network was never trained, as far as its batch normalisation knows."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    counts = [norm.num_batches_tracked for norm in norms if norm.num_batches_tracked is not None]
    return bool(counts) and all(int(count) == 0 for count in counts)
