"""The check that an adopted network has all that a method needs, made before a trial starts."""

from collections.abc import Collection

from torch import nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.adopted_layer import AdoptedLayer
from nvp.network.groups import find_groups
from nvp.pruning.plan import PruningPlan
from nvp.vitality import headline_death

SCALED = (nn.BatchNorm1d, nn.BatchNorm2d)
TOKENS = 2  # the dimension of neurons in (images, tokens, neurons)


def check_prunable(plan: PruningPlan, model: Adopted) -> None:
    """Raise ValueError when a method masks neurons and none of an adopted network can be."""
    if not find_groups(model, plan.config.sites):
        path, row = next(iter(model.layers.items()))
        why = row.why or "they are channels of a residual stream, and prune.sites=internal"
        raise ValueError(
            f"prune.method={plan.config.method} masks neurons, and no layer of the adopted network "
            f"has any that can be removed; of {path}: {why}: set prune.method=none or a weight "
            "method (nvp methods lists them)"
        )


def find_judged_layers(model: Adopted) -> list[AdoptedLayer]:
    """Return the layers whose neurons a criterion judges: those that can be pruned."""
    layers = model.find_layers()
    return [layers[path] for group in find_groups(model).values() for path in group.scored]


def check_adopted_needs(what: str, needs: Collection[str], model: Adopted) -> None:
    """Raise ValueError when an adopted network does not meet `needs`; `what` names who has them.

    Which weights read a unit is known of it, so "reads" is met.
    """
    for layer in find_judged_layers(model):
        function = model.layers[layer.path].activation
        if "relu" in needs and headline_death(layer.activation) != "dead":
            raise ValueError(
                f"{what} counts outputs that are exactly 0, which only relu gives, and the "
                f"activation of {layer.path} is {function}: set another method"
            )
        if "batch_norm" in needs and not (isinstance(layer.norm, SCALED) and layer.norm.affine):
            raise ValueError(
                f"{what} works on the scales of batch normalisation, and {layer.path} has none: "
                "set another method"
            )
        if "maps" in needs and layer.spot.dim == TOKENS:
            raise ValueError(
                f"{what} ranks maps of height and width, and the neurons of {layer.path} lie over "
                "tokens: set another method"
            )
