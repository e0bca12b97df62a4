"""GraSP: keep the weights whose removal would weaken the gradient flow.

theta * (H g), the negative of the published score, of which the highest are pruned; g and H of
the loss with logits divided by a temperature; usually once, at initialisation.
Source: Wang et al., "Picking winning tickets before training by preserving gradient flow", 2020.
Differs: not divided by the sum over all weights, which ranks nothing differently.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Grasp:
    """Weight times Hessian-gradient product, for each weight; of either sign."""

    temperature: float = 200.0

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f *fan_in"]:
        flow = evidence.network.hessian_gradients(self.temperature)
        return evidence.of_weight(flow) * evidence.weight
