"""Taylor: keep the neurons whose removal would change the loss most, to first order.

Of the weights: (sum of g * theta over the incoming weights)^2, averaged over time. Of the
activation: |mean(a * dL/da)|, which is |dL/dc| of a gate, over the layer's L2 norm.
Source: Molchanov et al., "Importance estimation for neural network pruning", 2019 (weights);
Molchanov et al., "Pruning convolutional neural networks for resource efficient inference", 2017.
Differs: the average runs over measuring points, not mini-batches, without a bias in the sum; the
2017 form takes the absolute value of the mean over the images, not of each image.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Taylor:
    """Squared first-order change of the loss: an exponential moving average over time.

    The first measuring point counts in full, and so does the first of a neuron that came back.
    """

    decay: float = 0.9

    remembers: ClassVar[bool] = True

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        change = evidence.of_weight(evidence.network.gradients) * evidence.weight
        score = change.flatten(1).sum(1).square()
        before = evidence.recall("taylor")
        if before is not None:
            average = self.decay * before + (1 - self.decay) * score
            score = torch.where(before > 0, average, score)
        evidence.remember("taylor", score)
        return score


@dataclass(frozen=True)
class TaylorActivation:
    """First-order change of the loss, relative to the layer's L2 norm: in [0, 1]."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        change = evidence.of_neurons(evidence.network.gates).abs()
        norm = change.norm()
        return change / norm if norm > 0 else change
