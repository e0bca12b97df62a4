"""The heads of one attention of an adopted network, as a layer that is watched."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor, nn

from nvp.network.adopted.adopted_layer import Knowing
from nvp.network.adopting.anatomy import Heads

WHY = "heads are only watched: most forward passes state their size"


@dataclass(frozen=True)
class AdoptedHeads:
    """It answers what a layer of neurons answers when it is watched; nothing of it is ever masked.

    What a head puts out is what a weight reads of it: one value for each position and each entry
    of the head, for each image.
    """

    network: Knowing
    path: str

    @property
    def spot(self) -> Heads:
        """Return what adopting found here."""
        return self.network.anatomy.heads[self.path]

    @property
    def site(self) -> str:
        """Return "heads", by which rows of heads are told from those of neurons."""
        return "heads"

    @property
    def dense(self) -> int:
        """Return how many heads there are."""
        return len(self.spot.columns)

    @property
    def keep(self) -> Bool[Tensor, "h"]:
        """Return that each head is kept."""
        return torch.ones(self.dense, dtype=torch.bool, device=self.weight.device)

    @property
    def origin(self) -> Int64[Tensor, "h"]:
        """Return the index of each head."""
        return torch.arange(self.dense, device=self.weight.device)

    @property
    def activation(self) -> nn.Module:
        """Return an identity: of the definitions of death those apply that fit any activation."""
        return nn.Identity()

    @property
    def norm(self) -> nn.Module:
        """Return an identity: there is no normalisation."""
        return nn.Identity()

    @property
    def weight(self) -> Float[Tensor, "h e"]:
        """Return the weights that read each head, as what makes it is no single weight."""
        spot = self.spot
        weight = self.network.get_parameter(self.network.name_inside(spot.weight))
        columns = spot.columns.to(weight.device)
        return weight.movedim(spot.dim, 0)[columns].flatten(1)

    def take_channels(self, values: Shaped[Tensor, "h"]) -> Shaped[Tensor, "h"]:
        """Return the values, as there is no normalisation."""
        return values
