"""CroP: keep what the gradient flow depends on, in either direction.

Weights: |theta * (H g)|. Neurons ("-S"): |(H g)_c| over the gates c = 1 of all neurons.
Source: Rachwan et al., "Winning the lottery ahead of time: efficient early network pruning", 2022.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Crop:
    """Absolute weight times Hessian-gradient product, for each weight."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f *fan_in"]:
        flow = evidence.network.hessian_gradients()
        return (evidence.of_weight(flow) * evidence.weight).abs()


@dataclass(frozen=True)
class CropGates:
    """Absolute Hessian-gradient product of each neuron's gate."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return evidence.of_neurons(evidence.network.gate_hessian_gradients).abs()
