"""The law of a layer's initial weights, from which a neuron that is reset gets new ones.

A network of nvp's own layers has the law that `model.init` names. What another constructor draws is
not known: there the law is uniform, with the mean and the deviation of the layer's initial weights,
which are remembered from the start of the trial.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.config.dotted_names import is_dotted
from nvp.config.trial_config import ModelConfig
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import find_groups

SPREAD = "spread."  # before the name of a parameter: its mean and deviation at the start


@dataclass(frozen=True)
class Law:
    """A uniform law; with a deviation of 0, a constant.

    Attributes:
        mean: of an entry.
        bound: of the distance to it.
    """

    mean: float = 0.0
    bound: float = 0.0

    def draw(self, shape: tuple[int, ...], rng: torch.Generator) -> Float[Tensor, "..."]:
        """Return entries of this law, on the CPU; a constant draws nothing."""
        if not self.bound:
            return torch.full(shape, self.mean)
        return torch.rand(shape, generator=rng) * (2 * self.bound) + (self.mean - self.bound)


def find_law(
    config: ModelConfig, name: str, shapes: dict[str, tuple[int, ...]], memory: dict[str, Tensor]
) -> Law:
    """Return the initial law of the entries of a parameter that makes neurons.

    Args:
        config: of the network.
        name: of the parameter.
        shapes: {name: shape} of all parameters, before any removal.
        memory: of the remedy.
    """
    if SPREAD + name in memory:
        mean, deviation = memory[SPREAD + name].tolist()
        return Law(mean, math.sqrt(3) * deviation)
    path, _, leaf = name.rpartition(".")
    if len(shapes[name]) > 1:
        return Law(0.0, 1 / math.sqrt(math.prod(shapes[name][1:])))
    weight = shapes.get(f"{path}.weight", ())
    if leaf == "bias" and len(weight) > 1:  # of an affine map: torch draws it as its weights
        return Law(0.0, 1 / math.sqrt(math.prod(weight[1:])))
    return Law(config.norm_scale) if leaf == "weight" else Law()


def remember_spread(config: ModelConfig, model: nn.Module) -> dict[str, Tensor]:
    """Return {spread.NAME: (mean, deviation)} of what makes neurons; {} where the law is known."""
    if not isinstance(model, Adopted) and not is_dotted(config.name):
        return {}
    parameters, found = dict(model.named_parameters()), {}
    for group in find_groups(model, "internal").values():
        for slots in group.slots:
            if not slots.reads and slots.name in parameters:
                values = parameters[slots.name].detach().double().flatten()
                spread = torch.stack([values.mean(), values.std(correction=0)])
                found[SPREAD + slots.name] = spread.cpu()
    return found
