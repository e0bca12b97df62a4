"""L1 penalties on weights and on scales of normalisation, and their course over training."""

from collections.abc import Callable

from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import own_layers
from nvp.network.weight_masks import prunable_weights
from nvp.training.optim import one_cycle

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
PENALTIES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    # 1/25 -> 1 -> 1/250,000 at 87 % of training, then 0 (DemP)
    "one_cycle": lambda progress: one_cycle(progress / 0.87) if progress < 0.87 else 0.0,
}


def find_penalised(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Return (weights of conv and linear layers, scales of normalisation layers)."""
    if isinstance(model, Adopted):  # its projections have norms, too, and are no layers
        norms = [m for m in model.modules() if isinstance(m, BATCH_NORMS) and m.affine]
    else:
        norms = [layer.norm for layer in own_layers(model).values()]
    scales: list[Tensor] = [n.weight for n in norms if not isinstance(n, nn.Identity)]
    weights: list[Tensor] = [*prunable_weights(model).values()]
    return weights, scales
