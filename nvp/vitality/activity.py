"""Activity: what one evaluation pass over the probe shows of every neuron of a layer.

The hook keeps four per-image reductions over positions: mean, max, mean |.|, fraction > 0.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nvp.vitality.entropy import entropy_bits


@dataclass(frozen=True)
class Activity:
    """Per-neuron statistics of one layer over the probe; NaN never appears.

    Attributes:
        mean: mean activation over images and positions.
        mean_abs: mean |activation| over images and positions.
        maximum: largest activation over images and positions.
        fire_rate: fraction of images and positions with activation > 0, in [0, 1].
        variance: population variance over images of the spatial mean.
        counts: histogram of the spatial means, bin edges shared by the layer.
    """

    mean: Float[Tensor, "f"]
    mean_abs: Float[Tensor, "f"]
    maximum: Float[Tensor, "f"]
    fire_rate: Float[Tensor, "f"]
    variance: Float[Tensor, "f"]
    counts: Int64[Tensor, "f k"]

    @property
    def entropy(self) -> Float[Tensor, "f"]:
        """Return the normalised entropy of each neuron, in [0, 1]."""
        return entropy_bits(self.counts) / torch.tensor(self.counts.shape[1]).log2()

    def select(self, index: Tensor) -> "Activity":
        """Return the activity of the neurons at `index` (bool or int64)."""
        return type(self)(*(getattr(self, field.name)[index] for field in fields(self)))


def reductions(y: Float[Tensor, "n f *positions"]) -> Float[Tensor, "4 n f"]:
    """Return per image and neuron: mean, max, mean |.| and fraction > 0, over positions."""
    if y.dim() == 2:
        return torch.stack([y, y, y.abs(), (y > 0).to(y.dtype)])
    y = y.flatten(2)
    fires = torch.count_nonzero(y > 0, dim=2).to(y.dtype) / y.shape[2]
    mean, maximum = y.mean(2), y.amax(2)
    mean_abs = torch.linalg.vector_norm(y, ord=1, dim=2) / y.shape[2]
    return torch.stack([mean, maximum, mean_abs, fires])
