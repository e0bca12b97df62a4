"""Gradient dormancy (GraMa): neurons that learn little beside the others of their layer.

A neuron's score is its mean |gradient| over the mean of its layer's kept neurons, so that a layer's
scores have a mean of 1. It is inactive where the score is at most `INACTIVE`. Two gradients are
measured, and they differ:

    grama         E_x |dL_x / dy_j|, y the neuron's output and L_x the loss of one image x, mean
                  over images and positions. A dead ReLU may have one: its readers would use it.
    grama_weight  mean |dL / dW_j| over its incoming weights that are not masked, L the mean loss:
                  gradients of images cancel. A dead ReLU has none.

Where nobody reads a neuron, as after a reset, both are 0. Where the mean of a layer is at most
`NOTHING`, as at a loss of 0, neither has a score: nothing is to be learned, which is no death.

Source: Liu et al., "Measure gradients, not activations! Enhancing neuronal activity in deep
reinforcement learning", 2025 (arXiv 2505.24061). Its equation could not be read: that `grama` is of
outputs is ours; a public port to JAX has `grama_weight` and the threshold.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.data.batches import eval_batches
from nvp.data.seen_classes import close_unseen
from nvp.data.splits import Images
from nvp.network.groups import Layer, neuron_layers
from nvp.network.tap import tap
from nvp.network.ties import call_with
from nvp.network.weight_masks import live_weights, prunable_weights
from nvp.vitality.observe import in_eval_mode

INACTIVE = 0.01  # of the layer's mean
NOTHING = 1e-12  # a mean |gradient|


@dataclass(frozen=True)
class GradientScores:
    """Scores of one layer's neurons, in [0, f]; 0 where masked; None where they are undefined.

    Attributes:
        grama: by the gradient of each output.
        grama_weight: by the gradients of the incoming weights.
    """

    grama: Float[Tensor, "f"] | None
    grama_weight: Float[Tensor, "f"] | None


def score_gradients(
    magnitude: Float[Tensor, "f"], keep: Bool[Tensor, "f"]
) -> Float[Tensor, "f"] | None:
    """Return each neuron's mean |gradient| over that of the kept ones; None where that is nothing.

    Args:
        magnitude: the mean |gradient| of each neuron.
        keep: True where not masked.
    """
    living = magnitude[keep].double()
    mean = living.mean() if len(living) else living.new_zeros(())
    if not NOTHING < float(mean) < torch.inf:
        return None
    scores = torch.zeros_like(magnitude, dtype=torch.float64)
    scores[keep] = living / mean
    return scores


def is_inactive(scores: Float[Tensor, "f"], keep: Bool[Tensor, "f"]) -> Bool[Tensor, "f"]:
    """True for kept neurons whose score is at most `INACTIVE`."""
    return keep & (scores <= INACTIVE)


def measure_gradients(
    model: nn.Module, images: Images, batch_size: int | None = None
) -> dict[str, GradientScores]:
    """Return {path: scores} of each layer of neurons; leaves the model as it was.

    It computes in eval mode, in the precision of the weights, on cross entropy. Heads of attention
    are no neurons, and have no scores.

    Args:
        model: built of `NeuronLayer`, or adopted.
        images: with their labels, un-augmented.
        batch_size: images per pass; it changes memory, and the result by rounding alone.
    """
    layers = neuron_layers(model)
    tensors = {name: tensor.detach() for name, tensor in model.named_parameters()}
    weights = {name: tensors[name].detach().requires_grad_() for name in prunable_weights(model)}
    outputs, slopes = sum_gradients(model, images, tensors | weights, weights, batch_size)
    live = live_weights(model)
    return {
        path: GradientScores(
            score_gradients(outputs[path], layer.keep) if path in outputs else None,
            score_gradients(average_live(layer, path, slopes, live), layer.keep),
        )
        for path, layer in layers.items()
    }


def sum_gradients(
    model: nn.Module,
    images: Images,
    tensors: dict[str, Tensor],
    weights: dict[str, Tensor],
    batch_size: int | None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return {path: E_x |dL_x / dy|, (f,)} and {name: dL / dW} of the mean loss.

    In eval mode no image changes another's logits, so the gradient of the sum of all losses by the
    output of one image is that of its own loss.

    Args:
        model: in any mode.
        images: with their labels.
        tensors: {name: what it computes with}.
        weights: those of them whose gradients are asked for; they are leaves.
        batch_size: images per pass.
    """
    totals: dict[str, Tensor] = {}
    slopes = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for added, gradients in differentiate(model, images, tensors, weights, batch_size):
        for path, gradient in added.items():
            wide = gradient.to(torch.promote_types(gradient.dtype, torch.float32))
            own = wide.abs().transpose(0, 1).flatten(1).sum(1) / wide[0, 0].numel()
            totals[path] = totals.get(path, 0.0) + own / len(images)
        for name, gradient in gradients.items():
            slopes[name] += gradient / len(images)
    return totals, slopes


def differentiate(
    model: nn.Module,
    images: Images,
    tensors: dict[str, Tensor],
    weights: dict[str, Tensor],
    batch_size: int | None,
) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor]]]:
    """Yield, for each batch, the gradients of its summed loss by outputs and by weights."""
    added: dict[str, Tensor] = {}

    def add_nothing(path: str, output: Tensor) -> Tensor:
        # its gradient is that of the output, whatever is written into the output later
        added[path] = torch.zeros_like(output, requires_grad=True)
        return output + added[path]

    for pixels, labels in eval_batches(images, batch_size):
        with in_eval_mode(model), torch.enable_grad(), tap(model, add_nothing):
            logits = close_unseen(call_with(model, tensors, pixels), images.seen)
            loss = F.cross_entropy(logits, labels, reduction="sum")
            found = torch.autograd.grad(
                loss, [*added.values(), *weights.values()], materialize_grads=True
            )
        yield (
            dict(zip(added, found, strict=False)),
            dict(zip(weights, found[len(added) :], strict=True)),
        )
        added.clear()


def average_live(
    layer: Layer, path: str, slopes: dict[str, Tensor], live: dict[str, Tensor]
) -> Float[Tensor, "f"]:
    """Return the mean |gradient| of each neuron's incoming weights that are not masked."""
    alive = layer.gather(lambda name: live[name], path).flatten(1)
    size = layer.gather(lambda name: slopes[name], path).flatten(1).abs()
    return (size * alive).sum(1) / alive.sum(1).clamp(min=1)
