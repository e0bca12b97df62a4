"""Continual backprop: in each step, a small fraction of the least useful mature neurons is reset.

The utility of a neuron is a running mean of its mean |activation| times the sum of the |weights|
that read it. A neuron is mature once it is older than `remedy.maturity` steps. A layer's fractions
of a neuron add up until a whole one is due.

Source: Dohare et al., "Loss of plasticity in deep continual learning", Nature 632, 2024, eq. 1.
`rule=lop` is what its published code calls `adaptable_contribution`: |h - f| for |h|, with f the
running mean of h; the mean of the outgoing |weights| over that of the incoming ones; running means
are corrected for their start at 0.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor

from nvp.network.tap import tap
from nvp.remedies.maturity import Maturity
from nvp.remedies.neurons import (
    ResettableLayer,
    average_incoming,
    count_outgoing,
    mean_of_neurons,
    sum_outgoing,
)
from nvp.remedies.remedy import Remedy, Treated
from nvp.remedies.resetting import Resetting, lowest

AGE = torch.zeros((), dtype=torch.int64)  # the type of an age, in steps


class ContinualBackprop(Resetting):
    """Resets the least useful of each layer's mature neurons, `remedy.rho` of them in each step."""

    def __init__(self, treated: Treated) -> None:
        super().__init__(treated)
        self.maturity = {path: self.count_maturity(path) for path in self.layers}
        self.activity: dict[str, Tensor] = {}

    def count_maturity(self, path: str) -> Maturity:
        """Return how many neurons of a layer are mature, and will be."""
        ages = self.recall(path, "age", like=AGE)[self.layers[path].keep].tolist()
        due = float(self.memory.get(f"due.{path}", 0.0))
        return Maturity(ages, self.config, self.state.step, due)

    @contextmanager
    def watching(self) -> Iterator[None]:
        def see(path: str, output: Tensor) -> None:
            if path in self.layers:
                with torch.no_grad():
                    self.activity[path] = self.measure_activity(path, output.detach())

        with tap(self.state.model, see, training=True):
            yield

    def measure_activity(self, path: str, output: Float[Tensor, "n f ..."]) -> Float[Tensor, "f"]:
        """Return the mean |activation| of each neuron, by the rule, over a batch."""
        if self.config.rule == "paper":
            return mean_of_neurons(output.abs())
        decay, mean = self.config.decay, self.recall(path, "mean")
        mean.mul_(decay).add_(mean_of_neurons(output), alpha=1 - decay)
        expected = mean / self.measure_weight(path, more=1)
        return mean_of_neurons((output - expected.view(-1, *[1] * (output.dim() - 2))).abs())

    def measure_weight(self, path: str, *, more: int) -> Float[Tensor, "f"]:
        """Return the sum of the weights of a running mean, at an age of `more` steps than now."""
        age = (self.recall(path, "age", like=AGE) + more).clamp(min=1)
        return (1 - self.config.decay ** age.double()).float()

    def after_step(self) -> None:
        found, mature = {}, {}
        for path, layer in self.layers.items():
            utility = self.update_utility(path, layer)
            count = self.maturity[path].take_due(self.state.step + 1)
            if count:
                age = self.recall(path, "age", like=AGE)
                mature[path] = layer.keep & (age > self.config.maturity)
                found[path] = lowest(utility, mature[path], count)
        if found:
            for path, index in self.reset_chosen(found, mature, self.open_stream()).items():
                for kind in ("age", "utility", "mean"):
                    if f"{path}/{kind}" in self.memory:
                        self.memory[f"{path}/{kind}"][index] = 0

    def update_utility(self, path: str, layer: ResettableLayer) -> Float[Tensor, "f"]:
        """Return the utility of each neuron, one step older. Changes what is remembered."""
        utility = self.recall(path, "utility")
        self.recall(path, "age", like=AGE).add_(1)
        activity = self.activity.get(path, torch.zeros_like(utility))
        outgoing = sum_outgoing(layer, self.reset.parameters)
        if self.config.rule == "lop":
            outgoing = outgoing / count_outgoing(layer, self.reset.parameters)
            outgoing = outgoing / average_incoming(layer, self.reset.parameters)
        utility.mul_(self.config.decay).add_(activity * outgoing, alpha=1 - self.config.decay)
        return utility / self.measure_weight(path, more=0) if self.config.rule == "lop" else utility

    def end_epoch(self) -> None:
        for path, maturity in self.maturity.items():
            self.memory[f"due.{path}"] = torch.tensor(maturity.due, dtype=torch.float64)


REMEDY = Remedy(
    summary="continual backprop: resets the least useful mature neurons, a small fraction a step",
    start=ContinualBackprop,
    settings=("rho", "maturity", "decay", "rule", "choice"),
    needs=("neurons",),
)
