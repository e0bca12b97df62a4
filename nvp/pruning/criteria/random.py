"""Random: the control that every criterion must beat."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Random:
    """Uniform in [0, 1) for each neuron, from the trial's `ties` stream."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        scores = torch.rand(len(evidence.norms), generator=evidence.rng)
        return scores.to(evidence.norms.device)


@dataclass(frozen=True)
class WeightRandom:
    """Uniform in [0, 1) for each weight, from the trial's `ties` stream."""

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f ..."]:
        scores = torch.rand(evidence.weight.shape, generator=evidence.rng)
        return scores.to(evidence.weight.device)
