"""Layer norm and weight decay: the norm keeps layers alive, the decay their learning rate.

Under a norm the scale of the weights changes no output, and as they grow, a step turns them by
less. So decay goes with it: w <- (1 - lr * wd) * w before the update. Scales, shifts and biases
have none.

Source: Lyle et al., "Disentangling the causes of plasticity loss in neural networks", 2024.
"""

from collections.abc import Callable

import torch
from torch.optim import Optimizer

from nvp.remedies.remedy import Acting, Remedy, Treated


class DecayOfWeights(Acting):
    """Decays all parameters of two and more dimensions, decoupled from the gradient."""

    in_steps = True

    def __init__(self, treated: Treated) -> None:
        self.decay = treated.config.remedy.weight_decay

    @torch.no_grad()
    def take_step(self, optimizer: Optimizer, take: Callable[[Optimizer], None]) -> None:
        for group in optimizer.param_groups if self.decay else ():
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.dim() > 1:
                    parameter.mul_(1 - group["lr"] * self.decay)
        take(optimizer)


REMEDY = Remedy(
    summary="layer norm + weight decay: decoupled decay of weights alone, with model.norm=layer",
    start=DecayOfWeights,
    settings=("weight_decay",),
    needs=("layer_norm",),
)
