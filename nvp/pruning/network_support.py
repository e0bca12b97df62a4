"""The check that a network has all that a method needs, made before a trial starts."""

from collections.abc import Collection

from torch import nn

from nvp.network.groups import neuron_layers
from nvp.pruning.methods.method import Need
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.reactivation import REACTIVATIONS

NEEDS: dict[str, tuple[Need, ...]] = {  # of criteria, whatever the method
    "apoz": ("relu",),
    "nn_relief": ("reads",),
    "scale": ("batch_norm",),
}


def check_support(plan: PruningPlan, model: nn.Module, activation: str) -> None:
    """Raise ValueError when the network lacks what the method needs.

    Args:
        plan: of the trial's pruning.
        model: the network of the trial.
        activation: its activation function, a name in ACTIVATIONS.
    """
    config = plan.config
    if config.shrink == "always" and not plan.may_shrink():
        raise ValueError(
            f"prune.shrink=always removes neurons for good, and prune.method={config.method} "
            f"(schedule={plan.schedule}, regrow={plan.regrow}) masks single weights or lets "
            "neurons come back: set prune.shrink=never or auto, or another method"
        )
    needs = {*plan.method.needs, *NEEDS.get(plan.criterion, ())}
    needs |= {"reads"} if plan.regrow in REACTIVATIONS else set()
    needs |= {"batch_norm"} if plan.scale_l1 else set()
    needs |= {"reads"} if config.shrink == "always" else set()
    check_needs(f"prune.method={config.method}", needs, model, activation)


def check_needs(what: str, needs: Collection[str], model: nn.Module, activation: str) -> None:
    """Raise ValueError when the network does not meet `needs`; `what` names who has them."""
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
