"""What the remedies that reset neurons have in common: the reset, its counts, the random choice."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Bool, Int64, Shaped
from torch import Tensor
from torch.optim import Optimizer

from nvp.config.seed import make_generator
from nvp.remedies.adam_counts import AdamCounts
from nvp.remedies.neuron_reset import NeuronReset
from nvp.remedies.remedy import Acting, Treated


class Resetting(Acting):
    """A remedy that resets neurons after some steps.

    All that it draws in a step comes from one stream, a function of (seed, "remedy", step).
    """

    in_steps = True

    def __init__(self, treated: Treated) -> None:
        self.treated, self.state = treated, treated.state
        self.config, self.memory = treated.config.remedy, treated.state.remedy
        self.reset = NeuronReset(treated)
        self.layers = self.reset.layers
        self.counts = AdamCounts(self.state, self.layers)

    def take_step(self, optimizer: Optimizer, take: Callable[[Optimizer], None]) -> None:
        self.counts.take_step(optimizer, take)

    def open_stream(self) -> torch.Generator:
        """Return the stream of this step, from its start."""
        return make_generator(self.treated.config.seed, "remedy", self.state.step)

    def recall(
        self, path: str, kind: str, *, like: Tensor | None = None, first: float = 0.0
    ) -> Shaped[Tensor, "f"]:
        """Return what it remembers of a layer's neurons. Changes the state at the first call.

        Args:
            path: of the layer.
            kind: name of the quantity.
            like: a tensor of the wanted type; None = float32.
            first: the value at the start of the trial.
        """
        key = f"{path}/{kind}"
        if key not in self.memory:
            keep = self.layers[path].keep
            dtype = torch.float32 if like is None else like.dtype
            self.memory[key] = torch.full_like(keep, first, dtype=dtype)
        return self.memory[key]

    def reset_chosen(
        self,
        found: Mapping[str, Int64[Tensor, "k"]],
        among: Mapping[str, Bool[Tensor, "f"]],
        rng: torch.Generator,
    ) -> dict[str, Int64[Tensor, "k"]]:
        """Reset neurons: those that the rule found, or as many at random. Changes the state.

        Args:
            found: {path: indices, ascending}.
            among: {path: True where a neuron may be chosen at random}.
            rng: the stream of this step.

        Returns:
            {path: the neurons that were reset}.
        """
        chosen = {
            path: index
            if self.config.choice == "rule"
            else self.draw_neurons(path, among[path], len(index), rng)
            for path, index in found.items()
            if len(index)
        }
        if chosen:
            self.reset(chosen, rng)
        return chosen

    def draw_neurons(
        self, path: str, among: Bool[Tensor, "f"], count: int, rng: torch.Generator
    ) -> Int64[Tensor, "k"]:
        """Return `count` random neurons of `among`, ascending.

        A number is drawn for each neuron of the dense layer, so that a shrunk network draws as a
        masked one.
        """
        layer = self.layers[path].layer
        luck = torch.rand(layer.dense, generator=rng).to(among.device)[layer.origin]
        return lowest(luck, among, count)


def lowest(values: Shaped[Tensor, "f"], among: Bool[Tensor, "f"], count: int) -> Int64[Tensor, "k"]:
    """Return the `count` neurons of the lowest values, ascending by index; ties: the first ones."""
    order = values.masked_fill(~among, torch.inf).argsort(stable=True)
    return order[:count].sort().values
