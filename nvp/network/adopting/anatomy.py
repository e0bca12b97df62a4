"""The anatomy of a network: its layers of neurons, and the entries of parameters that are theirs.

A *slot* is one entry along one dimension of a parameter or a buffer: row 3 of `fc1.weight`, column
3 of `fc2.weight`, entry 3 of `bn.running_mean`. A *unit* is what is masked or removed at once: a
set of slots. A *group* is a set of units that are ranked together, for one width of the network. A
*layer* is a place where neurons are seen: the output of one call of an activation function.

Everything here holds names and indices, and no tensor of the network: a copy of the network, or
one with loaded weights, has the same anatomy.
"""

from dataclasses import dataclass, field

from jaxtyping import Int64
from torch import Tensor


@dataclass(frozen=True)
class Slots:
    """Entries along one dimension of a tensor of the network, and the unit that each belongs to.

    Attributes:
        name: of the parameter or buffer, as in `named_parameters()` or `named_buffers()`.
        dim: the dimension of that tensor.
        entries: indices along it, ascending, each once.
        units: the unit (an index of the group) that each entry belongs to.
        reads: True where a weight reads the units through these entries (columns), False where
            the entries make them (rows, biases, scales, statistics).
    """

    name: str
    dim: int
    entries: Int64[Tensor, "s"]
    units: Int64[Tensor, "s"]
    reads: bool


@dataclass(frozen=True)
class UnitGroup:
    """Units that are ranked together and whose slots lie in the same tensors.

    Attributes:
        size: how many units it has.
        slots: all entries that belong to them.
        why: the reason why they cannot be masked and removed; "" where they can.
        stream: True where an addition joins the outputs of several maps: a residual stream.
    """

    size: int
    slots: tuple[Slots, ...]
    why: str = ""
    stream: bool = False


@dataclass(frozen=True)
class Site:
    """A layer of neurons: what one call of an activation function puts out.

    Attributes:
        module: path of the innermost module whose forward pass makes the call; "" for the network.
        call: how many-th activation call of that module's forward passes, from 0.
        function: name of the activation function: relu, silu, gelu, elu, tanh, hardswish, ...
        dim: the dimension of the output that neurons lie along: 1 of NCHW, 2 of tokens.
        batch: the dimension of the output that images lie along; it may hold several rows of each
            image, one image after another (windows, flattened tokens).
        group: name of the group of its units.
        units: Int64[f]; the unit of each neuron. Several neurons may be one unit (GroupNorm).
        weight: name of the weight whose rows made the neurons (behind a sum: its first operand,
            so that of a residual block is the branch's); "" where there is none.
        rows: the row of that weight for each neuron; empty where there is none.
        normalisation: name of the normalisation between that weight and the call; "none".
        norm: path of the module of that normalisation; "" where there is none.
        why: the reason why the neurons are only watched; "" where they are prunable.
    """

    module: str
    call: int
    function: str
    dim: int
    group: str
    units: Int64[Tensor, "f"]
    weight: str
    rows: Int64[Tensor, "_"]
    normalisation: str = "none"
    why: str = ""
    batch: int = 0
    norm: str = ""


@dataclass(frozen=True)
class Heads:
    """The heads of one attention, seen where a weight reads them: its output projection.

    Attributes:
        module: path of the innermost module whose forward pass computes the attention.
        weight: name of the weight that reads the heads.
        dim: the dimension of that weight that has an entry for each column.
        call: how many-th product with it in a forward pass, from 0.
        columns: Int64[h, e]; the columns that read each head.
        outer: how many blocks of rows lie before the images in what the weight reads: 1 where
            images come first, `IMAGES_LAST` where they come last, one beside the other.
    """

    module: str
    weight: str
    dim: int
    call: int
    columns: Int64[Tensor, "h e"]
    outer: int


IMAGES_LAST = -1


@dataclass(frozen=True)
class Anatomy:
    """What adopting found in a network.

    Attributes:
        layers: {path: site} in the order of the forward pass. A path is the module of the site,
            with `#1`, `#2`, ... for its second and later calls.
        groups: {name: group}; the name is the path of the group's first layer.
        heads: {path: heads of attention}, which are watched only. A path is the module that
            computes the attention, with `#heads`; of its second and later ones `#heads1`, ...
    """

    layers: dict[str, Site]
    groups: dict[str, UnitGroup]
    heads: dict[str, Heads] = field(default_factory=dict)
