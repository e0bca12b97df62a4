"""L2 init: the weights are pulled to their initial values, and not to 0.

The loss gets lambda * sum (theta - theta_0)^2 over all parameters, biases and scales too: gradients
get 2 * lambda * (theta - theta_0), after masks, clipping and noise. Masked entries are not pulled.
`form=decoupled` leaves the gradients and moves the weights beside the update, by
lr * 2 * lambda * (theta - theta_0), theta before the update.

Source: Kumar et al., "Maintaining plasticity in continual learning via regenerative
regularization", 2023 (theirs is the loss). A fork takes the initial weights of its parent.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.dense_index import dense_indices
from nvp.network.weight_masks import live_weights
from nvp.remedies.remedy import Acting, Remedy, Treated

INITIAL = "initial."  # before the name of a parameter: its value at the start, nothing removed


def remember_initial(model: nn.Module) -> dict[str, Tensor]:
    """Return {initial.NAME: a copy of the parameter}."""
    return {INITIAL + name: p.detach().clone() for name, p in model.named_parameters()}


class L2Init(Acting):
    """Pulls all weights that are not masked to their initial values."""

    in_steps = True

    def __init__(self, treated: Treated) -> None:
        self.config, model = treated.config.remedy, treated.state.model
        memory, dense, live = treated.state.remedy, dense_indices(model), live_weights(model)
        self.pulled = [
            (p, dense[name].select(memory[INITIAL + name]).to(p), live[name])
            for name, p in model.named_parameters()
            if p.requires_grad and self.config.strength
        ]

    def after_backward(self) -> None:
        if self.config.form == "loss":
            for parameter, initial, live in self.pulled:
                if parameter.grad is not None:
                    pull = (parameter.detach() - initial) * live
                    parameter.grad.add_(pull, alpha=2 * self.config.strength)

    @torch.no_grad()
    def take_step(self, optimizer: Optimizer, take: Callable[[Optimizer], None]) -> None:
        if self.config.form == "decoupled":
            rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}
            pulls = [(p, (p - initial) * live) for p, initial, live in self.pulled]
            take(optimizer)
            for parameter, pull in pulls:
                parameter.sub_(2 * self.config.strength * rates[id(parameter)] * pull)
        else:
            take(optimizer)


REMEDY = Remedy(
    summary="L2 init: weights are pulled to their initial values",
    start=L2Init,
    settings=("strength", "form"),
    begin=remember_initial,
)
