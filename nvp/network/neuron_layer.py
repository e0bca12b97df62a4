"""Neurons: the one module that is watched, masked and removed.

A neuron is an output channel of a convolution or a unit of a linear layer, seen after its
activation function. Logits and inputs are never counted.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from nvp.network.masked_index import MaskedIndex
from nvp.network.norms import Norm


class NeuronLayer(nn.Module):
    """Affine map -> norm -> keep mask -> (+ residual) -> activation.

    The mask acts before the activation, so a masked neuron without a residual outputs exactly 0
    for every activation with act(0) = 0, whatever its bias or shift. With a residual it silences
    the *branch* only: a channel of a residual stream is masked as a `group`, in every layer that
    writes to the stream, and then the stream's channel is exactly 0 too. For that, a layer that
    writes to a stream masks the residual as well: where its neuron is masked, because a shortcut
    without parameters may bring a channel of another stream, and where `residual_keep` says so.

    A masked neuron may be removed for good (`nvp.network.removal`). Then `dense` is how many
    neurons the layer had before, and `origin` says which of them are present.
    """

    keep: Bool[Tensor, "f"]
    residual_keep: Bool[Tensor, "f"]
    present: Int64[Tensor, "f"] | None

    def __init__(
        self,
        affine: nn.Conv2d | nn.Linear,
        norm: Norm | None,
        activation: Callable[[Tensor], Tensor],
        *,
        group: str = "",
    ) -> None:
        """Make a layer.

        Args:
            affine: the convolution or the linear map.
            norm: the normalisation behind it; None = there is none.
            activation: what follows the mask; a neuron is seen after it.
            group: the residual stream that the layer writes to; "" = none.
        """
        super().__init__()
        if isinstance(affine.weight, UninitializedParameter):
            raise ValueError(
                f"model.name: expected a map that knows its sizes in a NeuronLayer, got a "
                f"{type(affine).__name__}: write {type(affine).__name__.removeprefix('Lazy')} with "
                "the number of inputs"
            )
        self.affine = affine
        self.norm = nn.Identity() if norm is None else norm
        self.activation = activation
        self.group = group
        self.register_buffer("keep", torch.ones(affine.weight.shape[0], dtype=torch.bool))
        if group:
            self.register_buffer("residual_keep", torch.ones_like(self.keep))
        self.num_removed = 0
        # the dense index of each neuron once some were removed; not persistent, because a
        # checkpoint says which units it holds before it loads (`nvp.trial.checkpoint`)
        self.register_buffer("present", None, persistent=False)
        self.masked = MaskedIndex()
        self.masked_residual = MaskedIndex()

    def forward(self, x: Tensor, residual: Tensor | float = 0.0) -> Tensor:
        y = self.norm(self.affine(x))
        index = self.masked(self.keep)
        if len(index):  # a fill, not a product: 0 * NaN is NaN; and kept neurons are not copied
            y = y.index_fill_(1, index, 0.0)
        if isinstance(residual, Tensor):
            if self.group:
                index = self.masked_residual(self.keep, self.residual_keep)
                residual = residual.index_fill(1, index, 0.0) if len(index) else residual
            y += residual
        return self.activation(y)

    @property
    def outputs(self) -> int:
        """Return how many outputs a neuron has, side by side along dimension 1."""
        return getattr(self.activation, "outputs_of_neuron", 1)

    def by_neuron(self, output: Float[Tensor, "n g *positions"]) -> Float[Tensor, "n f *all"]:
        """Return the layer's output as (images, neurons, *positions).

        Several outputs of a neuron are the first of its positions.
        """
        return output if self.outputs == 1 else output.unflatten(1, (-1, self.outputs))

    @property
    def site(self) -> str:
        """Return "stream" for a layer that writes to a residual stream, else "internal"."""
        return "stream" if self.group else "internal"

    @property
    def dense(self) -> int:
        """Return how many neurons the layer had before any was removed."""
        return len(self.keep) + self.num_removed

    @property
    def origin(self) -> Int64[Tensor, "f"]:
        """Return the index of each neuron in the layer before any was removed, ascending."""
        if self.present is None:
            return torch.arange(len(self.keep), device=self.keep.device)
        return self.present

    @property
    def units(self) -> Int64[Tensor, "f"]:
        """Return the unit of its group that each neuron belongs to: the one of the same index."""
        return torch.arange(len(self.keep), device=self.keep.device)

    def gather(self, look: Callable[[str], Tensor], path: str) -> Shaped[Tensor, "f ..."]:
        """Return, of tensors of the weights' shapes, that of this layer's own weight.

        Args:
            look: from the name of a weight, as in `named_parameters`, to its tensor.
            path: of this layer.
        """
        return look(f"{path}.affine.weight")

    def take_channels(self, values: Shaped[Tensor, "f"]) -> Shaped[Tensor, "f"]:
        """Return the values of its neurons, of one for each channel of its normalisation."""
        return values

    @property
    def weight(self) -> Float[Tensor, "f *fan_in"]:
        """Return the affine weight; dim 0 indexes neurons."""
        return self.affine.weight

    @property
    def own(self) -> list[nn.Parameter]:
        """Return the parameters whose dim 0 indexes this layer's neurons."""
        return [*self.affine.parameters(), *self.norm.parameters()]


class Shortcut(NeuronLayer):
    """The projection of a residual block: writes to the stream before the activation.

    Its channels are masked with their group; its output is no neuron's, so it is not watched.
    """

    def __init__(self, affine: nn.Conv2d, norm: Norm | None, *, group: str) -> None:
        super().__init__(affine, norm, nn.Identity(), group=group)
