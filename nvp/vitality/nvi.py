"""NVI, the neural vitality index: normalised entropy times relative weight norm.

Source: "NVP: Neural Vitality based Dynamic Sparsity Pruning", 2025 (abstract).
Differs: their formula was never published; the norm is relative to the layer's mean, so that the
index is dimensionless and layers compare.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.network.groups import Watched


def relative_norm(norm: Float[Tensor, "f"]) -> Float[Tensor, "f"]:
    """Return each neuron's norm over the layer's mean norm; 0 where the layer's mean is 0."""
    return norm / norm.mean() if bool(norm.any()) else norm


def nvi(entropy: Float[Tensor, "f"], norm: Float[Tensor, "f"]) -> Float[Tensor, "f"]:
    """Return entropy * relative norm: in [0, inf), 0 for a dead neuron; higher is more vital.

    Args:
        entropy: normalised entropy of the kept neurons, in [0, 1].
        norm: L2 norm of their incoming weights.
    """
    return entropy * relative_norm(norm)


def weight_norms(layer: Watched, *, kind: str) -> Float[Tensor, "f"]:
    """Return the L2 norm of each neuron's incoming weights.

    Args:
        layer: the layer.
        kind: "raw", or "folded" for the weights that the network computes with once its batch
            normalisation is folded in: gamma / sqrt(var + eps) times the raw ones.
    """
    norm = layer.weight.detach().flatten(1).norm(dim=1)
    if kind == "folded" and isinstance(layer.norm, nn.BatchNorm1d | nn.BatchNorm2d):
        norm = norm * layer.take_channels(fold_factor(layer.norm))
    return norm


def fold_factor(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> Float[Tensor, "f"]:
    """Return |gamma| / sqrt(running variance + eps)."""
    variance = norm.running_var
    assert variance is not None
    return norm.weight.detach().abs() / torch.sqrt(variance + norm.eps)
