"""A layer of an adopted network: it answers what a `NeuronLayer` answers, and holds names only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor, nn

from nvp.network.adopted.named_tensors import NamedTensors
from nvp.network.adopted.narrowing import find_row_dim
from nvp.network.adopting.anatomy import Anatomy, Site

# What an activation call is known as; of one that is not here no definition of death is exact.
MODULES: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.LeakyReLU,
    "rrelu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
    "tanh": nn.Tanh,
}


@dataclass(frozen=True)
class Piece:
    """Rows of a weight that make some of a layer's neurons.

    Attributes:
        weight: its name.
        dim: the dimension of it that has a row for each neuron.
        rows: indices along it.
        neurons: of the layer, one for each row.
    """

    weight: str
    dim: int
    rows: Int64[Tensor, "k"]
    neurons: Int64[Tensor, "k"]


@runtime_checkable  # for checks of types while tests run
class Knowing(Protocol):
    """A network that knows its anatomy: an `Adopted`."""

    module: nn.Module
    anatomy: Anatomy
    dense_anatomy: Anatomy
    dense_shapes: dict[str, tuple[int, ...]]
    keeps: NamedTensors
    origins: NamedTensors

    def get_parameter(self, target: str) -> nn.Parameter: ...

    @staticmethod
    def name_inside(name: str) -> str: ...


@dataclass(frozen=True)
class AdoptedLayer:
    """A place of an adopted network where neurons are seen; it looks everything up when asked."""

    network: Knowing
    path: str

    @property
    def spot(self) -> Site:
        """Return what adopting found here, less what was removed since."""
        return self.network.anatomy.layers[self.path]

    @property
    def group(self) -> str:
        """Return the name of the group of its units."""
        return self.spot.group

    @property
    def units(self) -> Int64[Tensor, "f"]:
        """Return the unit of its group that each neuron belongs to."""
        return self.spot.units.to(self.network.keeps[self.group].device)

    @property
    def keep(self) -> Bool[Tensor, "f"]:
        """Return which neurons are not masked: a copy, for masks are of groups."""
        return self.network.keeps[self.group][self.units]

    @property
    def dense(self) -> int:
        """Return how many neurons the layer had before any was removed."""
        return len(self.network.dense_anatomy.layers[self.path].units)

    @property
    def origin(self) -> Int64[Tensor, "f"]:
        """Return the index of each neuron in the layer before any was removed, ascending."""
        units = self.network.dense_anatomy.layers[self.path].units
        present = self.network.origins[self.group]
        return torch.isin(units.to(present.device), present).nonzero().flatten()

    @property
    def site(self) -> str:
        """Return "stream" for a layer of a residual stream, else "internal"."""
        return "stream" if self.network.anatomy.groups[self.group].stream else "internal"

    @property
    def why(self) -> str:
        """Return why its neurons cannot be pruned; "" where they can."""
        return self.spot.why or self.network.anatomy.groups[self.group].why

    @property
    def activation(self) -> nn.Module:
        """Return a module of the kind of its activation function."""
        return MODULES.get(self.spot.function, nn.Identity)()

    @property
    def norm(self) -> nn.Module:
        """Return the normalisation between its weight and its activation, or an identity."""
        norm = self.spot.norm
        return self.network.module.get_submodule(norm) if norm else nn.Identity()

    @property
    def weight(self) -> Float[Tensor, "f *fan_in"]:
        """Return the incoming weights; dim 0 indexes neurons. A copy where they are not one weight.

        Rows of several weights are flattened and filled with zeros to one length. A layer that no
        weight makes has rows of length 0.
        """
        return self.gather(self.network.get_parameter)

    def gather(self, look: Callable[[str], Tensor], path: str = "") -> Shaped[Tensor, "f ..."]:
        """Return, of tensors of the weights' shapes, the rows of this layer's neurons.

        Args:
            look: from the name of a weight, as in `named_parameters`, to its tensor.
            path: not used, as this layer knows its own.
        """
        width, found = len(self.spot.units), []
        for piece in self.find_pieces():
            tensor = look(piece.weight).movedim(piece.dim, 0)
            rows = piece.rows.to(tensor.device)
            if len(rows) == width == len(tensor) and bool((rows.diff() == 1).all()):
                return tensor
            if len(rows) == width:
                return tensor[rows]
            found.append((piece.neurons.to(tensor.device), tensor[rows].flatten(1)))
        if not found:
            return next(self.network.module.parameters()).new_zeros(width, 0)
        longest = max(rows.shape[1] for _, rows in found)
        whole = found[0][1].new_zeros(width, longest)
        for neurons, rows in found:
            whole[neurons] = F.pad(rows, (0, longest - rows.shape[1]))
        return whole

    def find_pieces(self) -> list[Piece]:
        """Return the rows that make its neurons: of its own weight, or of those of its units."""
        spot, anatomy = self.spot, self.network.anatomy
        neurons = torch.arange(len(spot.units))
        if spot.weight:
            dim = find_row_dim(anatomy, spot)
            return [Piece(self.network.name_inside(spot.weight), dim, spot.rows, neurons)]
        pieces = []
        for slots in anatomy.groups[spot.group].slots:
            shape = self.network.dense_shapes[slots.name]
            if not slots.reads and len(shape) > 1:
                row = torch.full((anatomy.groups[spot.group].size,), -1)
                row[slots.units] = slots.entries
                made = row[spot.units]
                name, there = self.network.name_inside(slots.name), made >= 0
                pieces.append(Piece(name, slots.dim, made[there], neurons[there]))
        return [piece for piece in pieces if len(piece.rows)]

    def take_channels(self, values: Shaped[Tensor, "c"]) -> Shaped[Tensor, "f"]:
        """Return the values of its neurons, of one for each channel of its normalisation."""
        spot = self.spot
        if len(values) == len(spot.units):
            return values
        group = self.network.anatomy.groups[spot.group]
        slots = next(s for s in group.slots if s.name == f"{spot.norm}.weight")
        channel = torch.zeros(group.size, dtype=torch.int64)
        channel[slots.units] = slots.entries
        return values[channel[spot.units].to(values.device)]
