"""Neurons: the one module that is watched, masked and removed, and how to find it in a network.

A neuron is an output channel of a convolution or a unit of a linear layer, seen after its
activation function. Logits and inputs are never counted.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

SITES = ("internal", "stream")


class Silent:
    """Where masks are False, found anew only once they were written to.

    A dense layer then pays nothing for its masks, and a GPU waits for none that did not change.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[Tensor, int]] = []
        self.index = torch.empty(0, dtype=torch.int64)

    def __call__(self, *masks: Bool[Tensor, "f"]) -> Int64[Tensor, "k"]:
        """Return the neurons at which one of `masks` is False."""
        known = len(self.seen) == len(masks) and all(
            mask is old and mask._version == version
            for mask, (old, version) in zip(masks, self.seen, strict=True)
        )
        if not known:
            keep = torch.stack(masks).all(0)
            self.index = (~keep).nonzero().flatten()
            self.seen = [(mask, mask._version) for mask in masks]
        return self.index


class NeuronLayer(nn.Module):
    """Affine map -> norm -> keep mask -> (+ residual) -> activation.

    The mask acts before the activation, so a masked neuron without a residual outputs exactly 0
    for every activation with act(0) = 0, whatever its bias or shift. With a residual it silences
    the *branch* only: a channel of a residual stream is masked as a `group`, in every layer that
    writes to the stream, and then the stream's channel is exactly 0 too. For that, a layer that
    writes to a stream masks the residual as well: where its neuron is masked, because a shortcut
    without parameters may bring a channel of another stream, and where `residual_keep` says so.

    A masked neuron may be removed for good (`nvp.network.removal`); `origin` and
    `dense` tell of before.
    """

    keep: Bool[Tensor, "f"]
    residual_keep: Bool[Tensor, "f"]
    left: Int64[Tensor, "f"] | None

    def __init__(
        self,
        affine: nn.Conv2d | nn.Linear,
        norm: nn.BatchNorm1d | nn.BatchNorm2d | None,
        activation: Callable[[Tensor], Tensor],
        *,
        group: str = "",
    ) -> None:
        """Make a layer; `group` names the residual stream it writes to, "" when there is none."""
        super().__init__()
        self.affine = affine
        self.norm = nn.Identity() if norm is None else norm
        self.activation = activation
        self.group = group
        self.register_buffer("keep", torch.ones(affine.weight.shape[0], dtype=torch.bool))
        if group:
            self.register_buffer("residual_keep", torch.ones_like(self.keep))
        self.lost = 0
        self.register_buffer("left", None, persistent=False)
        self.silent = Silent()
        self.silent_residual = Silent()

    def forward(self, x: Tensor, residual: Tensor | float = 0.0) -> Tensor:
        y = self.norm(self.affine(x))
        index = self.silent(self.keep)
        if len(index):  # a fill: no NaN passes a mask, and what is kept is not copied
            y = y.index_fill_(1, index, 0.0)
        if isinstance(residual, Tensor):
            if self.group:
                index = self.silent_residual(self.keep, self.residual_keep)
                residual = residual.index_fill(1, index, 0.0) if len(index) else residual
            y += residual
        return self.activation(y)

    @property
    def site(self) -> str:
        """Return "stream" for a layer that writes to a residual stream, else "internal"."""
        return "stream" if self.group else "internal"

    @property
    def dense(self) -> int:
        """Return how many neurons the layer had before any was removed."""
        return len(self.keep) + self.lost

    @property
    def origin(self) -> Int64[Tensor, "f"]:
        """Return the index of each neuron in the layer before any was removed, ascending."""
        if self.left is None:
            return torch.arange(len(self.keep), device=self.keep.device)
        return self.left

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

    def __init__(self, affine: nn.Conv2d, norm: nn.BatchNorm2d | None, *, group: str) -> None:
        super().__init__(affine, norm, nn.Identity(), group=group)


class Subsample(nn.Module):
    """A shortcut without parameters: every `stride`-th position, new channels of 0 on both sides.

    It has no neurons of its own: the layer that adds its output masks it.
    Source: He et al., "Deep Residual Learning for Image Recognition", 2016, option A.
    """

    source: Int64[Tensor, "width"] | None

    def __init__(
        self, fan_in: int, width: int, *, stride: int, reads: str = "", group: str = ""
    ) -> None:
        """Make a shortcut; `reads` and `group` name the streams it reads and writes to."""
        super().__init__()
        before = (width - fan_in) // 2
        self.stride, self.padding = stride, (before, width - fan_in - before)
        self.reads, self.group = reads, group
        self.carried = slice(before, before + fan_in)  # the output channels that are not new
        self.register_buffer("source", None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        if self.source is None:
            return F.pad(x, (0, 0, 0, 0, *self.padding))
        return F.pad(x, (0, 0, 0, 0, 0, 1))[:, self.source]

    def reroute(self, inputs: Int64[Tensor, "i"], outputs: Int64[Tensor, "o"]) -> None:
        """Carry what is left of both streams, given the dense indices of their channels.

        From then on `source` is the input of each output channel, -1 for a channel of 0.
        """
        same = inputs == (outputs - self.padding[0]).unsqueeze(1)
        self.source = torch.where(same.any(1), same.long().argmax(1), -1)

    def carries(self, keep: Bool[Tensor, "width"], fan_in: int) -> Bool[Tensor, "fan_in"]:
        """Return which of `fan_in` input channels end in an output channel of `keep`."""
        if self.source is None:
            return keep[self.carried]
        found = torch.zeros(fan_in, dtype=torch.bool, device=keep.device)
        found[self.source[keep & (self.source >= 0)]] = True
        return found


def maskable_layers(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of all neuron layers and shortcuts, in forward order."""
    return {path: m for path, m in model.named_modules() if isinstance(m, NeuronLayer)}


def neuron_layers(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of the layers whose outputs are neurons: the watched ones."""
    return {p: m for p, m in maskable_layers(model).items() if not isinstance(m, Shortcut)}


def prunable_groups(model: nn.Module, sites: str = "all") -> dict[str, tuple[str, ...]]:
    """Return {group: paths of the layers masked together}; a unit is one index of a group.

    An internal layer is a group of its own; a stream's group is every layer that writes to it.

    Args:
        model: built of `NeuronLayer`.
        sites: "all", or "internal" to leave the residual streams alone.
    """
    groups: dict[str, list[str]] = {}
    for path, layer in maskable_layers(model).items():
        if sites == "all" or layer.site == "internal":
            groups.setdefault(layer.group or path, []).append(path)
    return {group: tuple(paths) for group, paths in groups.items()}


def consumers(model: nn.Module, group: str) -> list[nn.Conv2d | nn.Linear]:
    """Return the affine maps that read a group's output, as the model's `reads` declares.

    `model.reads` maps the path of an affine map (or of its layer) to the group it reads. A model
    without `reads` has no known consumers: its masks are exact, but weights that read a masked
    neuron stay as they are.
    """
    found = []
    for path, source in getattr(model, "reads", {}).items():
        if source == group:
            module = model.get_submodule(path)
            found.append(module.affine if isinstance(module, NeuronLayer) else module)
    return found


def input_columns(
    affine: nn.Conv2d | nn.Linear, index: Int64[Tensor, "k"], width: int
) -> Int64[Tensor, "c"]:
    """Return the columns of a weight that read the units `index` of a group of `width` units.

    A linear map after a flattened convolution reads each channel at every position.
    """
    return at_positions(index, affine.weight.shape[1] // width)


def at_positions(index: Int64[Tensor, "k"], positions: int) -> Int64[Tensor, "c"]:
    """Return the columns of the units `index` in a map that reads each at so many positions."""
    offsets = torch.arange(positions, device=index.device)
    return (index.unsqueeze(1) * positions + offsets).flatten()
