"""NVI: keep the neurons that are both expressive and strongly connected.

Source: Wang et al., "NVP: Neural Vitality based Dynamic Sparsity Pruning", 2025.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence
from nvp.vitality import nvi


@dataclass(frozen=True)
class NVI:
    """Normalised entropy times relative weight norm."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        return nvi(evidence.activity.entropy, evidence.norms)
