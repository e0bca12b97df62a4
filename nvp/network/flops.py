"""The cost of one image: floating-point operations of convolutions and linear maps.

A multiply-accumulate counts as two. Norms, activations, pooling and the additions of biases and
residuals are not counted. Masks change nothing: masked weights are counted like others.
Source: the count of torchvision's and the papers' tables, which is in multiply-accumulates
(He et al., 2016, table 1: "multiply-adds").
"""

from collections import Counter

import torch
from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.undisturbed import count_operations


def count_flops(model: nn.Module, image_shape: tuple[int, int, int]) -> int:
    """Return the operations of a forward pass over one image; leaves the model as it was.

    Args:
        model: of `Conv2d` and `Linear` maps, or adopted.
        image_shape: (channels, height, width).
    """
    if isinstance(model, Adopted):
        return count_adopted_flops(model, image_shape)
    uses = count_weight_uses(model, image_shape)
    return sum(2 * count * model.get_parameter(name).numel() for name, count in uses.items())


def count_adopted_flops(model: Adopted, image_shape: tuple[int, int, int]) -> int:
    """Return the operations of an adopted network: of its maps and products, whoever calls them."""
    first = next(parameter for parameter in model.parameters() if parameter.is_floating_point())
    return count_operations(model, lambda: model(first.new_zeros(1, *image_shape)))


def count_weight_uses(model: nn.Module, image_shape: tuple[int, int, int]) -> Counter[str]:
    """Return {weight name: at how many positions it multiplies} in a pass over one image."""
    uses: Counter[str] = Counter()
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}

    def count(affine: nn.Module, args: object, output: Tensor) -> None:
        assert isinstance(affine, nn.Conv2d | nn.Linear)
        uses[names[affine.weight]] += output.numel() // len(affine.weight)  # output: of one image

    maps = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    handles = [affine.register_forward_hook(count) for affine in maps]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(maps[0].weight.new_zeros(1, *image_shape))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return uses
