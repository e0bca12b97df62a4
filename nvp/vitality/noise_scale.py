"""The gradient-noise scale: at how many images a batch the noise of the gradient equals its size.

Source: McCandlish et al., "An empirical model of large-batch training", 2018, eq. 2.9 (the simple
scale B = tr(Sigma) / |G|^2) and appendix A.1 (unbiased estimates from two batch sizes).
Differs: the large batch is split into 16 small ones, whose squared norms are averaged. The mean is
as unbiased as one of them, and all cost no more than the large batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.data.batches import normalise_pixels
from nvp.data.seen_classes import close_unseen
from nvp.data.splits import Images
from nvp.vitality.observe import in_eval_mode

SMALL_BATCHES = 16


def simple_noise_scale(
    small_square: float, large_square: float, *, small: int, large: int
) -> float | None:
    """Return tr(Sigma) / |G|^2 in images; None where the estimate of |G|^2 is not positive.

    Args:
        small_square: |gradient|^2 of a batch of `small` images, or the mean of several.
        large_square: |gradient|^2 of a batch of `large` images.
        small: images of a small batch.
        large: images of the large batch, more than `small`.
    """
    signal = (large * large_square - small * small_square) / (large - small)
    noise = (small_square - large_square) / (1 / small - 1 / large)
    return noise / signal if signal > 0 else None


def gradient_noise_scale(
    model: nn.Module, images: Images, live: dict[str, Tensor] | None = None
) -> float | None:
    """Return the noise scale of the cross entropy over `images`; leaves the model as it was.

    It is measured in eval mode. In train mode, batch normalisation would couple the images of a
    batch, so that its gradient is no mean of independent ones, and would move running statistics.

    Args:
        model: any network.
        images: the large batch, at least 16; the remainder of a division by 16 is not used.
        live: {parameter name: True where it counts}; all do by default.
    """
    small = len(images) // SMALL_BATCHES
    if not small:
        raise ValueError(f"a noise scale needs at least {SMALL_BATCHES} images, got {len(images)}")
    names, parameters = zip(*model.named_parameters(), strict=True)
    total = [torch.zeros_like(parameter) for parameter in parameters]
    squares = []
    with in_eval_mode(model), torch.enable_grad():
        for start in range(0, SMALL_BATCHES * small, small):
            batch = images.select(slice(start, start + small))
            logits = close_unseen(model(normalise_pixels(batch.pixels, batch)), batch.seen)
            loss = F.cross_entropy(logits, batch.labels)
            gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
            if live:
                pairs = zip(names, gradients, strict=True)
                gradients = [torch.where(live[name], gradient, 0) for name, gradient in pairs]
            squares.append(square_norm(gradients))
            for whole, gradient in zip(total, gradients, strict=True):
                whole += gradient
    large_square = square_norm(total) / SMALL_BATCHES**2
    both = torch.stack([torch.stack(squares).mean(), large_square]).tolist()
    return simple_noise_scale(*both, small=small, large=SMALL_BATCHES * small)


def square_norm(tensors: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    """Return the squared L2 norm of all entries together, in float64."""
    norms = [torch.linalg.vector_norm(tensor, dtype=torch.float64) for tensor in tensors]
    return torch.stack(norms).square().sum()
