"""Adam's bias correction for entries that were reset: each counts its own updates.

Adam divides its moments by 1 - beta^t, where t counts the updates of a whole tensor. The moments of
an entry that was reset began anew, so its t counts from the reset: its first update is then lr, as
in a new network. With the old count it would be 3.16 times as large (betas .9 and .999). If the
count of the tensor were cleared, the updates of all others would be .316 of theirs.

torch keeps one count a tensor. So torch updates the moments, which no count enters, and the entries
are then moved by what the moments and their own counts say. As long as nothing was reset, torch's
update stays as it is.

Source: the optimizer AdamGnT of Dohare et al., Nature 632, 2024, counts by weight, too.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from nvp.network.train_state import TrainState
from nvp.remedies.neuron_reset import SINCE
from nvp.remedies.neurons import ResettableLayer

# path of a layer, a dimension, and for each entry along it the neuron, or their number for none
Place: TypeAlias = tuple[str, int, Tensor]


class AdamCounts:
    """Updates of an Adam whose entries count by themselves; other optimizers have no counts."""

    def __init__(self, state: TrainState, layers: dict[str, ResettableLayer]) -> None:
        self.state, self.layers = state, layers
        self.parameters = dict(state.model.named_parameters())
        self.counted = isinstance(state.optimizer, Adam)  # AdamW is one

    @torch.no_grad()
    def take_step(self, optimizer: Optimizer, take: Callable[[Optimizer], None]) -> None:
        """Update the parameters. Changes the state: also the counts of its neurons."""
        memory = self.state.remedy
        born = [path for path in self.layers if path + SINCE in memory]
        if not self.counted or not born:
            take(optimizer)
            return
        for path in born:
            memory[path + SINCE] += 1
        touched = {name: places for name, places in self.places.items() if name_paths(places, born)}
        before = {name: self.parameters[name].detach().clone() for name in touched}
        take(optimizer)
        for group in optimizer.param_groups:
            inside = {id(parameter) for parameter in group["params"]}
            factors = [self.measure_corrections(born, beta) for beta in group["betas"]]
            for name, places in touched.items():
                parameter = self.parameters[name]
                if id(parameter) in inside and parameter.grad is not None:
                    moments = optimizer.state[parameter]
                    first, second = (
                        spread_corrections(found, beta, moments["step"], places, parameter)
                        for found, beta in zip(factors, group["betas"], strict=True)
                    )
                    parameter.copy_(move(before[name], moments, group, first, second))

    @cached_property
    def places(self) -> dict[str, list[Place]]:
        """Return {parameter: where in it the entries of which layer's neurons lie}."""
        found: dict[str, list[Place]] = {}
        for path, layer in self.layers.items():
            for slots in layer.group.slots:
                if slots.name in self.parameters:
                    size = self.parameters[slots.name].shape[slots.dim]
                    units = torch.full((size,), len(layer.keep), device=slots.units.device)
                    units = units.index_copy_(0, slots.entries, slots.units)
                    found.setdefault(slots.name, []).append((path, slots.dim, units))
        return found

    def measure_corrections(self, paths: list[str], beta: float) -> dict[str, Tensor]:
        """Return {path: 1 - beta^t of each neuron, and 1 behind them}, t its updates."""
        found = {}
        for path in paths:
            own = 1 - beta ** self.state.remedy[path + SINCE].double()
            found[path] = torch.cat([own, own.new_ones(1)])
        return found


def name_paths(places: list[Place], paths: list[str]) -> bool:
    """Whether any of the places is of a layer in `paths`."""
    return any(path in paths for path, _, _ in places)


def spread_corrections(
    found: dict[str, Tensor], beta: float, step: Tensor, places: list[Place], like: Tensor
) -> Tensor:
    """Return 1 - beta^t for each entry of a parameter.

    An entry's t is the smallest count that it has: that of the tensor, of its row, of its column.
    """
    whole = (1 - beta ** step.to(like.device).double()).to(like)
    for path, dim, units in places:
        if path in found:
            shape = [1] * like.dim()
            shape[dim] = -1
            whole = torch.minimum(whole, found[path].to(like)[units].view(shape))
    return whole


def move(
    before: Tensor, moments: dict[str, Tensor], group: dict, first: Tensor, second: Tensor
) -> Tensor:
    """Return a parameter after an update.

    Args:
        before: the parameter before it.
        moments: of the parameter, after it.
        group: settings of the optimizer.
        first: 1 - beta1^t of each entry.
        second: 1 - beta2^t of each entry.
    """
    squares = moments["max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"]
    step = (moments["exp_avg"] / first) / ((squares / second).sqrt() + group["eps"])
    if group["decoupled_weight_decay"]:
        before = before * (1 - group["lr"] * group["weight_decay"])
    return before - group["lr"] * step
