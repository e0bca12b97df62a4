"""alpha-coverage: the signal that a neuron gets from each input, and the inputs to keep.

Source: Dekhovich et al., "Neural network relief: a pruning algorithm based on neural activity",
2021/2024. Positions are summed as a Frobenius norm (their residual networks) or L1 (their LeNets).
Differs: a neuron's only connection stays while it carries signal. The rule would always prune it.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.network.adopted.watched_maps import Window, window_of
from nvp.pruning.nn_relief.patches import arrange_kernels, unfold_inputs

NORMS = ("frobenius", "l1")
Affine = nn.Conv2d | nn.Linear


def score_inputs(
    affine: Affine, inputs: Float[Tensor, "c *positions"], norm: str
) -> Float[Tensor, "f m"]:
    """Return each neuron's signal by input, and by its bias in the last column if it has one.

    Args:
        affine: the map.
        inputs: mean over the images of |x|.
        norm: "frobenius" or "l1".
    """
    window = None if isinstance(affine, nn.Linear) else window_of(affine)
    return score_map(affine.weight, affine.bias, inputs.unsqueeze(0), window, norm)


def score_map(
    weight: Float[Tensor, "..."],
    bias: Float[Tensor, "f"] | None,
    inputs: Float[Tensor, "..."],
    window: Window | None,
    norm: str,
) -> Float[Tensor, "f m"]:
    """Return each neuron's signal by input, and by its bias in the last column if it has one.

    A convolution's kernel is one input: its map mean|x| * |K| is summed over the positions. So are
    the positions of a linear map, as those of tokens are.

    Args:
        weight: of the map.
        bias: of the map, if it has one.
        inputs: mean over the images of |x|: (positions, c) of a linear map, and (parts of an
            image, c, height, width) of a convolution.
        window: the arguments of a convolution; None of a linear map.
        norm: "frobenius" or "l1".
    """
    size, inputs = weight.detach().double().abs(), inputs.double()
    if window is None:
        positions = len(inputs)
        order = 1 if norm == "l1" else 2
        signal = size * (inputs[0] if positions == 1 else inputs.norm(order, dim=0))
    else:
        patches = unfold_inputs(inputs, size, window)  # (c, k, positions)
        positions, kernels = patches.shape[-1], arrange_kernels(size, window)
        signal = sum_positions(kernels, patches, norm)
    if bias is None:
        return signal
    spread = positions if norm == "l1" else positions**0.5
    return torch.cat([signal, bias.detach().double().abs().unsqueeze(1) * spread], 1)


def sum_positions(
    kernels: Float[Tensor, "g f c k"], patches: Float[Tensor, "gc k positions"], norm: str
) -> Float[Tensor, "gf c"]:
    """Return the sum over positions of what each kernel makes of the patches that it reads."""
    groups, channels = kernels.shape[0], kernels.shape[2]
    if norm == "l1":
        sums = patches.sum(2).view(groups, channels, -1)
        if groups == 1:  # the same sum, rounded as it always was
            return torch.einsum("fck,ck->fc", kernels[0], sums[0])
        return torch.einsum("gfck,gck->gfc", kernels, sums).flatten(0, 1)
    # |K p|^2 summed over positions, from the patches' second moments
    moments = patches @ patches.mT
    moments = moments.view(groups, channels, *moments.shape[1:])
    half = torch.einsum("gfck,gckl->gfcl", kernels, moments)
    return (half * kernels).sum(3).sqrt().flatten(0, 1)


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
