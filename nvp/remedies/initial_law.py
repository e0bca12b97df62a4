"""The law of a layer's initial weights, from which a neuron that is reset gets new ones.

It is torch's own where the network is one of nvp's and no setting changes its law. Any other law is
taken from the layer's initial weights, which are remembered by two numbers from the start of the
trial: it is uniform around 0 with their mean square, as kaiming's and xavier's are; where all of
them are the same, as scales and shifts are, it is that constant.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.config.dotted_names import is_dotted
from nvp.config.fields import fields_of
from nvp.config.trial_config import ModelConfig
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import find_groups

SPREAD = "spread."  # before the name of a parameter: what its initial entries are like


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
        return Law(*memory[SPREAD + name].tolist())
    path, _, leaf = name.rpartition(".")
    if len(shapes[name]) > 1:
        return Law(0.0, 1 / math.sqrt(math.prod(shapes[name][1:])))
    weight = shapes.get(f"{path}.weight", ())
    if leaf == "bias" and len(weight) > 1:  # of an affine map: torch draws it as its weights
        return Law(0.0, 1 / math.sqrt(math.prod(weight[1:])))
    return Law(config.norm_scale) if leaf == "weight" else Law()


def remember_spread(config: ModelConfig, model: nn.Module) -> dict[str, Tensor]:
    """Return {spread.NAME: (mean, bound) of a `Law`} of what makes neurons; {} for torch's law."""
    if not isinstance(model, Adopted) and not is_dotted(config.name) and has_torch_law(config):
        return {}
    parameters, found = dict(model.named_parameters()), {}
    for group in find_groups(model, "internal").values():
        for slots in group.slots:
            if not slots.reads and slots.name in parameters:
                values = parameters[slots.name].detach().double().flatten()
                bound = (3 * values.square().mean()).sqrt()
                same = bool((values == values[0]).all())
                law = torch.stack([values[0], 0 * bound] if same else [0 * bound, bound])
                found[SPREAD + slots.name] = law.cpu()
    return found


def has_torch_law(config: ModelConfig) -> bool:
    """Whether no setting of the initial law, of those called `init...`, is another than default."""
    fields = [field for field in fields_of(type(config)) if field.name.startswith("init")]
    return all(getattr(config, field.name) == field.default for field in fields)
