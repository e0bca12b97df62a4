"""The check that a network has all that a method needs, made before a trial starts."""

from collections.abc import Collection
from typing import NoReturn

from torch import nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import neuron_layers, own_layers
from nvp.network.norms import MIXING, PER_NEURON
from nvp.pruning.adopted_support import check_adopted_needs, check_prunable
from nvp.pruning.methods.method import Need
from nvp.pruning.plan import PruningPlan

NEEDS: dict[str, tuple[Need, ...]] = {  # of criteria, whatever the method
    "apoz": ("relu",),
    "hrank": ("maps",),
    "nn_relief": ("reads",),
    "scale": ("batch_norm",),
}
OF_ONE_OUTPUT = ("hrank", "nn_relief")  # criteria that need one output of each neuron


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
    if plan.granularity == "neuron" or plan.criterion == "nn_relief":
        check_norms(plan, model)
    if plan.criterion in OF_ONE_OUTPUT:
        check_outputs(config.method, model, activation)
    needs = {*plan.method.needs, *NEEDS.get(plan.criterion, ())}
    needs |= {"reads"} if plan.reactivates else set()
    needs |= {"batch_norm"} if plan.scale_l1 else set()
    needs |= {"reads"} if config.shrink == "always" else set()
    check_needs(f"prune.method={config.method}", needs, model, activation)


def check_outputs(method: str, model: nn.Module, activation: str) -> None:
    """Raise ValueError when a neuron of the network has several outputs."""
    if any(layer.outputs > 1 for layer in own_layers(model).values()):
        raise ValueError(
            f"prune.method={method} reads one output of each neuron, and with "
            f"model.activation={activation} there are two: set another activation or method"
        )


def check_norms(plan: PruningPlan, model: nn.Module) -> None:
    """Raise ValueError when a method masks neurons and a layer of the network mixes them.

    Without one of its neurons, a GroupNorm or a LayerNorm would give the others other values: a
    masked network would not equal the one from which the neurons are removed.
    """
    if plan.method.aim == "none":
        return
    if isinstance(model, Adopted):  # it knows by itself which of its layers can be pruned
        if plan.granularity == "neuron":
            check_prunable(plan, model)
        return
    for path, layer in own_layers(model).items():
        if not isinstance(layer.norm, PER_NEURON):
            refuse_norm(plan, f"{path}.norm", layer.norm)
    for path, module in model.named_modules():
        if isinstance(module, MIXING):
            refuse_norm(plan, path, module)


def refuse_norm(plan: PruningPlan, path: str, module: nn.Module) -> NoReturn:
    """Raise ValueError for a normalisation that mixes neurons."""
    what, remedy = f"{path} is a {type(module).__name__}", ""
    if isinstance(module, nn.GroupNorm) and module.num_groups > 1:
        what += f" of {module.num_groups} groups"
        remedy = (
            "a network of torch's own modules (model.name=package.module:function) is adopted, and "
            "there whole groups of the norm are removed; or "
        )
    raise ValueError(
        f"prune.method={plan.config.method} masks neurons, and {what}, which mixes them: expected "
        f"batch normalisation or none; {remedy}set model.norm=batch, psbn or none, or "
        "prune.method=none or a weight method (nvp methods lists them), or another model"
    )


def check_needs(what: str, needs: Collection[str], model: nn.Module, activation: str) -> None:
    """Raise ValueError when the network does not meet `needs`; `what` names who has them."""
    if isinstance(model, Adopted):
        check_adopted_needs(what, needs, model)
        return
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
