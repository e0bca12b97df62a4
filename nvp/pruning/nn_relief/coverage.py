"""alpha-coverage: the signal that a neuron gets from each input, and the inputs to keep.

Source: Dekhovich et al., "Neural network relief: a pruning algorithm based on neural activity",
2021/2024. Positions are summed as a Frobenius norm (their residual networks) or L1 (their LeNets).
Differs: a neuron's only connection stays while it carries signal. The rule would always prune it.
"""

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

NORMS = ("frobenius", "l1")
Affine = nn.Conv2d | nn.Linear


def score_inputs(
    affine: Affine, inputs: Float[Tensor, "c *positions"], norm: str
) -> Float[Tensor, "f m"]:
    """Return each neuron's signal by input, and by its bias in the last column if it has one.

    A convolution's kernel is one input: its map mean|x| * |K| is summed over the positions.

    Args:
        affine: the map.
        inputs: mean over the images of |x|.
        norm: "frobenius" or "l1".
    """
    size = affine.weight.detach().double().abs()
    inputs, positions = inputs.double(), 1
    if isinstance(affine, nn.Linear):
        signal = size * inputs
    else:
        patches = unfold_inputs(affine, inputs)  # (c, k, positions)
        positions, kernels = patches.shape[-1], size.flatten(2)
        if norm == "l1":
            signal = torch.einsum("fck,ck->fc", kernels, patches.sum(2))
        else:  # |K p|^2 summed over positions, from the patches' second moments
            moments = patches @ patches.mT
            half = torch.einsum("fck,ckl->fcl", kernels, moments)
            signal = (half * kernels).sum(2).sqrt()
    if affine.bias is None:
        return signal
    spread = positions if norm == "l1" else positions**0.5
    return torch.cat([signal, affine.bias.detach().double().abs().unsqueeze(1) * spread], 1)


def unfold_inputs(
    affine: nn.Conv2d, inputs: Float[Tensor, "c h w"]
) -> Float[Tensor, "c k positions"]:
    """Return the input that each position of a kernel reads, at every position of the output."""
    padding = cast(tuple[int, int], affine.padding)
    return F.unfold(
        inputs.unsqueeze(1), affine.kernel_size, affine.dilation, padding, affine.stride
    )


def choose_inputs(scores: Float[Tensor, "f m"], alpha: float) -> Bool[Tensor, "f m"]:
    """Return the mask of inputs to keep: each neuron's largest, up to a share `alpha` of their sum.

    With p the number of cumulative sums below alpha times the total, what is not above the
    score of rank p + 1 (counted from 0) goes: so ties go together, and even alpha = 1 prunes one.
    """
    ranked = scores.sort(dim=1, descending=True).values
    sums = ranked.cumsum(1)
    below = (sums < alpha * sums[:, -1:]).sum(1, keepdim=True)
    if scores.shape[1] == 1:
        return scores > 0
    return scores > ranked.gather(1, (below + 1).clamp(max=scores.shape[1] - 1))
