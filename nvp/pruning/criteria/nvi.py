"""NVI: keep the neurons that are both expressive and strongly connected.

Source: "NVP: Neural Vitality based Dynamic Sparsity Pruning", 2025.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence
from nvp.vitality import nvi

LEAST_ENTROPY = 1e-3  # so that the weights of silent neurons still rank among themselves


@dataclass(frozen=True)
class NVI:
    """Normalised entropy times relative weight norm."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        assert evidence.activity is not None
        return nvi(evidence.activity.entropy, evidence.norms)


@dataclass(frozen=True)
class WeightNVI:
    """|weight| times the normalised entropy of its neuron (+ 1e-3); logits count as lively."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f ..."]:
        size = evidence.weight.abs()
        if evidence.activity is None:
            return size * (1 + LEAST_ENTROPY)
        entropy = evidence.activity.entropy.to(size) + LEAST_ENTROPY
        return size * entropy.view(-1, *[1] * (size.dim() - 1))
