"""Scale: keep the neurons with the largest scale of batch normalisation.

|gamma|. Training penalises the L1 norm of the scales, which drives some of them to 0.
Source: Liu et al., "Learning efficient convolutional networks through network slimming", 2017;
You et al., "Drawing early-bird tickets", 2020.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from nvp.network.groups import neuron_layers
from nvp.pruning.evidence import Evidence


@dataclass(frozen=True)
class Scale:
    """Absolute scale of each neuron's batch normalisation.

    Raises:
        ValueError: for a layer without batch normalisation, or one that has no scale.
    """

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f"]:
        layer = neuron_layers(evidence.network.model)[evidence.path]
        norm = layer.norm
        if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or not norm.affine:
            raise ValueError(
                f"criterion scale: expected a layer with scaled batch normalisation, "
                f"{evidence.path} has {norm}"
            )
        return evidence.mine(layer.take_channels(norm.weight.detach().abs()))
