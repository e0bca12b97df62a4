"""What a pruning configuration means: '' and -1 replaced by the method's own parts, and checked."""

from collections.abc import Collection
from dataclasses import replace

from torch import nn

from nvp.config.registry import look_up
from nvp.config.trial_config import PruneConfig
from nvp.network.neuron_layer import neuron_layers
from nvp.pruning.allocation import ALLOCATIONS
from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.pruning.method import Need
from nvp.pruning.methods import METHODS
from nvp.pruning.neuron_regrowth import RANKINGS
from nvp.pruning.schedule import SCHEDULES, SOFT
from nvp.pruning.weight_regrowth import EXCHANGES

REGROWTHS = {"neuron": ["none", *RANKINGS], "weight": ["none", *EXCHANGES]}
NEEDS: dict[str, tuple[Need, ...]] = {  # of criteria, whatever the method
    "apoz": ("relu",),
    "nn_relief": ("reads",),
    "scale": ("batch_norm",),
}


def resolve(config: PruneConfig) -> PruneConfig:
    """Return the configuration with '' and -1 replaced by the method's own parts.

    Raises:
        ValueError: unknown method or part, a part of the other granularity, or a schedule that
            ends before it starts.
    """
    method = look_up("prune.method", config.method, METHODS)
    full = replace(
        config,
        criterion=config.criterion or method.criterion,
        allocation=config.allocation or method.allocation,
        schedule=config.schedule or method.schedule,
        regrow=config.regrow or method.regrow,
        scale_l1=method.scale_l1 if config.scale_l1 < 0 else config.scale_l1,
        scale_l1_schedule=config.scale_l1_schedule or method.scale_l1_schedule,
        live_noise=method.live_noise if config.live_noise < 0 else config.live_noise,
    )
    if method.aim == "none":
        return full
    criteria = WEIGHT_CRITERIA if method.granularity == "weight" else CRITERIA
    look_up(f"prune.criterion of a {method.granularity} method", full.criterion, criteria)
    look_up("prune.allocation", full.allocation, ALLOCATIONS)
    look_up("prune.schedule", full.schedule, SCHEDULES)
    grows = dict.fromkeys(REGROWTHS[method.granularity])
    look_up(f"prune.regrow of a {method.granularity} method", full.regrow, grows)
    if full.allocation in ("er", "erk") and method.granularity == "neuron":
        raise ValueError(
            f"prune.allocation: {full.allocation} is for weight methods, got the neuron method "
            f"{config.method}: expected layerwise, network, network_raw or threshold"
        )
    if full.end < full.start:
        raise ValueError(f"prune.end: expected at least prune.start={full.start}, got {full.end}")
    return full


def may_shrink(config: PruneConfig, progress: float = 0.0) -> bool:
    """Whether what is masked after the fraction `progress` of training never comes back.

    Only whole neurons go, so never those of a method that masks weights. A soft schedule releases
    them, a rewinding method remembers the dense weights, and what regrows may until `regrow_end`.

    Args:
        config: resolved.
        progress: of training, in [0, 1].
    """
    method = METHODS[config.method]
    lasts = config.schedule not in SOFT and not method.rewinds
    settled = config.regrow == "none" or progress > config.regrow_end
    return method.granularity == "neuron" and lasts and settled


def check_support(config: PruneConfig, model: nn.Module, activation: str) -> None:
    """Raise ValueError when the network lacks what the method needs.

    Args:
        config: resolved.
        model: the network of the trial.
        activation: its activation function, a name in ACTIVATIONS.
    """
    if config.shrink == "always" and not may_shrink(config):
        raise ValueError(
            f"prune.shrink=always removes neurons for good, and prune.method={config.method} "
            f"(schedule={config.schedule}, regrow={config.regrow}) masks single weights or lets "
            "neurons come back: set prune.shrink=never or auto, or another method"
        )
    needs = {*METHODS[config.method].needs, *NEEDS.get(config.criterion, ())}
    needs |= {"reads"} if config.regrow in RANKINGS else set()
    needs |= {"batch_norm"} if config.scale_l1 else set()
    needs |= {"reads"} if config.shrink == "always" else set()
    check_needs(f"prune.method={config.method}", needs, model, activation)


def check_needs(what: str, needs: Collection[str], model: nn.Module, activation: str) -> None:
    """Raise ValueError, naming `what` has the needs, when the network does not meet them."""
    layers = neuron_layers(model).values()
    if "batch_norm" in needs and any(isinstance(layer.norm, nn.Identity) for layer in layers):
        raise ValueError(
            f"{what} works on the scales of batch normalisation, and the network has layers "
            "without: set model.norm=batch, or another model or method"
        )
    if "relu" in needs and activation != "relu":
        raise ValueError(
            f"{what} counts outputs that are exactly 0, which only relu gives; got "
            f"model.activation={activation}: set model.activation=relu or another method"
        )
    if "reads" in needs and not getattr(model, "reads", {}):
        raise ValueError(
            f"{what} follows connections from layer to layer: the model must declare them in "
            "`reads`"
        )
