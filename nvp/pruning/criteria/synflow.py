"""SynFlow: keep the weights on the strongest paths through the network, whatever the data.

|theta| * dR/d|theta|, R the sum of the outputs for an image of ones when every parameter has its
absolute value (`Sensitivity.synflow`). A layer's scores sum to R where there are no biases, so no
layer collapses if pruning takes many rounds (the authors: 100).
Source: Tanaka et al., "Pruning neural networks without any data by iteratively conserving
synaptic flow", 2020.
Differs: relative to the largest score of the network, because R overflows float32.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class SynFlow:
    """Synaptic flow through each weight, in [0, 1]; all 0 when nothing reaches the outputs."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f *fan_in"]:
        largest = evidence.network.largest_flow
        own = evidence.of_weight(evidence.network.synflow)
        return (own / largest if largest > 0 else own).to(evidence.weight.dtype)
