"""SNAP: keep the neurons whose removal would change the loss most.

|dL/dc| of a gate c = 1 on each neuron's output; usually once, at initialisation.
Source: Verdenius et al., "Pruning via iterative ranking of sensitivity statistics", 2020.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Snap:
    """Absolute derivative of the loss by each neuron's gate."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return evidence.of_neurons(evidence.network.gates).abs()
