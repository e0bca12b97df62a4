"""The patches that a convolution's kernels read, for plain, grouped and transposed ones alike.

A transposed convolution is a plain one: over its input with zeros in between, with its kernels
turned around.
"""

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.network.adopted.watched_maps import Window


def arrange_kernels(weight: Float[Tensor, "..."], window: Window) -> Float[Tensor, "g f c k"]:
    """Return the kernels of a convolution by group, neuron and channel of the input."""
    groups, size = window.groups, weight.shape[2:].numel()
    if window.transposed:
        turned = weight.flatten(2).flip(2).view(groups, -1, weight.shape[1], size)
        return turned.transpose(1, 2)
    return weight.view(groups, -1, weight.shape[1], size)


def arrange_mask(
    keep: Bool[Tensor, "f c"], weight: Float[Tensor, "..."], window: Window | None
) -> Bool[Tensor, "..."]:
    """Return the mask of a weight, from what is kept by neuron and input."""
    if window is not None and window.transposed:
        by_group = keep.view(window.groups, -1, keep.shape[1])
        keep = by_group.transpose(1, 2).reshape(weight.shape[:2])
    keep = keep.view(*weight.shape[:2], *[1] * (weight.dim() - 2))
    return keep.expand_as(weight).clone()


def unfold_inputs(
    inputs: Float[Tensor, "b c h w"], weight: Float[Tensor, "..."], window: Window
) -> Float[Tensor, "c k positions"]:
    """Return the input that each position of a kernel reads, at every position of the output.

    Args:
        inputs: of the convolution, in one part for each image or in several.
        weight: of the convolution.
        window: its arguments.
    """
    (height, width), stride = find_kernel(weight), window.stride
    if window.transposed:
        inputs, stride = spread_inputs(inputs, (height, width), window), (1, 1)
    else:
        top, bottom, left, right = window.padding
        inputs = F.pad(inputs, (left, right, top, bottom))
    each = inputs.flatten(0, 1).unsqueeze(1)
    patches = F.unfold(each, (height, width), window.dilation, 0, stride)
    return patches.view(*inputs.shape[:2], *patches.shape[1:]).movedim(0, 2).flatten(2)


def find_kernel(weight: Float[Tensor, "..."]) -> tuple[int, int]:
    """Return the height and width of a convolution's kernel."""
    return (1 if weight.dim() == 3 else weight.shape[-2]), weight.shape[-1]


def spread_inputs(
    inputs: Float[Tensor, "b c h w"], kernel: tuple[int, int], window: Window
) -> Float[Tensor, "b c hh ww"]:
    """Return the input of a transposed convolution as that of the plain one that it is."""
    (down, right), shape = window.stride, inputs.shape
    height, width = (shape[2] - 1) * down + 1, (shape[3] - 1) * right + 1
    spread = inputs.new_zeros(*shape[:2], height, width)
    spread[:, :, ::down, ::right] = inputs
    sides: list[int] = []
    for d in (1, 0):  # `pad` begins with the last dimension
        whole = window.dilation[d] * (kernel[d] - 1)
        before, after = window.padding[2 * d : 2 * d + 2]
        sides += [whole - before, whole - after + window.output_padding[d]]
    return F.pad(spread, sides)
