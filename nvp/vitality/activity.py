"""Activity: statistics of every neuron of a layer, from one evaluation pass over the probe.

The hook keeps four numbers for each image and neuron, reduced over positions: mean, max, mean |.|,
fraction > 0. For an activation that saturates it keeps one more number for each neuron, an extreme
of |activation|.
"""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from nvp.vitality.entropy import entropy_bits

FEW = 32  # channels; more of them fill the vector units

EXTREMES: dict[type, str] = {
    **dict.fromkeys((nn.SiLU, nn.GELU, nn.Hardswish, nn.Mish), "max_abs"),
    nn.Tanh: "min_abs",
}


@dataclass(frozen=True)
class Activity:
    """Per-neuron statistics of one layer over the probe; NaN never appears.

    Attributes:
        mean: mean activation over images and positions.
        mean_abs: mean |activation| over images and positions.
        maximum: largest activation over images and positions.
        fire_rate: fraction of images and positions with activation > 0, in [0, 1].
        variance: population variance over images of the spatial mean.
        counts: histogram of the spatial means, bin edges shared by the layer; without bins where
            it was not asked for.
        max_abs: largest |activation|, of SiLU, GELU, Hardswish and Mish only, which are flat at
            0; else None.
        min_abs: least |activation|, of tanh only, which is flat at -1 and 1; else None.
        duplicate: whether it correlates with a kept neuron of lower index, False where masked; None
            where it is not measured (`nvp.vitality.duplicates`).
        constant: whether it has one spatial mean for all images, and so no correlation, False where
            masked; None where it is not measured.
    """

    mean: Float[Tensor, "f"]
    mean_abs: Float[Tensor, "f"]
    maximum: Float[Tensor, "f"]
    fire_rate: Float[Tensor, "f"]
    variance: Float[Tensor, "f"]
    counts: Int64[Tensor, "f k"]
    max_abs: Float[Tensor, "f"] | None = None
    min_abs: Float[Tensor, "f"] | None = None
    duplicate: Bool[Tensor, "f"] | None = None
    constant: Bool[Tensor, "f"] | None = None

    @property
    def entropy(self) -> Float[Tensor, "f"]:
        """Return the normalised entropy of each neuron, in [0, 1].

        Raises:
            ValueError: histograms were not asked for, as in a pass that confirms the dead.
        """
        if not self.counts.shape[1]:
            raise ValueError(
                "entropy: expected histograms, got an activity without; a pass over all of train "
                "counts none, the activity over the probe has them"
            )
        return entropy_bits(self.counts) / torch.tensor(self.counts.shape[1]).log2()

    def select(self, index: Tensor) -> "Activity":
        """Return the activity of the neurons at `index` (bool or int64)."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{k: v[index] for k, v in columns.items() if v is not None})


def reduce_positions(y: Float[Tensor, "n f *positions"]) -> Float[Tensor, "4 n f"]:
    """Return per image and neuron: mean, max, mean |.| and fraction > 0, over positions.

    Sums are at least float32, in whatever precision the network computes.
    """
    y = y.to(torch.promote_types(y.dtype, torch.float32))
    if y.dim() == 2:
        return torch.stack([y, y, y.abs(), is_positive(y)])
    y = y.flatten(2)
    fires = is_positive(y).sum(2) / y.shape[2]  # exact: up to 2**24 positions
    mean = y.mean(2)
    few = y.shape[1] < FEW  # of few channels that lie last, it takes five times as long in place
    maximum = (y.contiguous() if few else y).amax(2)
    mean_abs = torch.linalg.vector_norm(y, ord=1, dim=2) / y.shape[2]
    return torch.stack([mean, maximum, mean_abs, fires])


def is_positive(y: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Return 1 where y > 0, else 0, of the type of y; through bools it takes four times as long."""
    return torch.gt(y, 0, out=torch.empty_like(y))


def find_extreme(y: Float[Tensor, "n f *positions"], name: str) -> Float[Tensor, "f"]:
    """Return the extreme of |y| of each neuron over images and positions.

    Args:
        y: activations.
        name: "max_abs" or "min_abs".
    """
    others = (0, *range(2, y.dim()))
    if name == "max_abs":
        return torch.maximum(y.amax(others), -y.amin(others))  # 7 x faster than abs, a copy
    return y.abs().amin(others)
