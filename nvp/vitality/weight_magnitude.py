"""The mean |weight| of a layer, over its incoming weights that are not masked.

Source: Dohare et al., "Loss of plasticity in deep continual learning", 2024 (weights grow as
plasticity is lost).
Differs: it is of one layer's weights, without biases and scales; their code sums or averages over
all parameters.
"""

import torch
from torch import Tensor, nn

from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import live_weights


def measure_magnitudes(model: nn.Module) -> dict[str, float | None]:
    """Return {path: mean |weight|} of each layer of neurons; None where all are masked."""
    live, own = live_weights(model), dict(model.named_parameters())
    return {
        path: average_magnitude(
            layer.gather(lambda name: own[name], path), layer.gather(lambda name: live[name], path)
        )
        for path, layer in neuron_layers(model).items()
    }


def average_magnitude(weight: Tensor, live: Tensor) -> float | None:
    """Return the mean |entry| where `live` is True; None where it is nowhere."""
    count = int(live.sum())
    total = (weight.detach().abs() * live).sum(dtype=torch.float64)
    return float(total) / count if count else None
