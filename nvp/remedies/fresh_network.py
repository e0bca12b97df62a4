"""A network that is drawn anew as at the start of a trial, and which of its layers is the head."""

from dataclasses import replace

from torch import Tensor, nn

from nvp.config.seed import derive_seed
from nvp.models import build_model
from nvp.network.groups import find_groups
from nvp.network.weight_masks import prunable_weights
from nvp.remedies.remedy import Treated


def build_fresh(treated: Treated, task: int) -> nn.Module:
    """Return the network of a trial with other random weights, which the task and the seed decide.

    They are random also where `model.weights` names others.
    """
    config = replace(treated.config.model, weights="")
    seed = derive_seed(treated.config.seed, "remedy", task)
    return build_model(config, treated.images.shape, treated.num_classes, seed=seed)


def find_head(model: nn.Module) -> list[str]:
    """Return the names of the parameters of the output layer; [] where it is not known.

    It is the last map that makes no neurons.
    """
    makers = {s.name for g in find_groups(model).values() for s in g.slots if not s.reads}
    weights = list(prunable_weights(model))
    if not weights or weights[-1] in makers:
        return []
    path = weights[-1].rpartition(".")[0]
    own: dict[str, Tensor] = dict(model.named_parameters())
    return [name for name in own if name.rpartition(".")[0] == path]
