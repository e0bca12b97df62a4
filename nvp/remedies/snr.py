"""Self-normalised resets: a neuron is reset once it is silent for longer than is usual for it.

Each neuron has a limit, in steps: the `remedy.percentile` of its own silences. A step in which it
fires on no image of the batch makes its silence longer by one; a step in which it fires, or its
reset, ends the silence, which is counted. Every `remedy.update` epochs the limits follow what was
counted since: to the smallest silence that is as long as the percentile of them, if that is below
the limit, else to twice the limit. A neuron without a silence keeps its limit.

Source: Farias and Jozefiak, "Self-normalized resets for plasticity in continual learning", 2025,
by its published code.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Int32, Int64
from torch import Tensor

from nvp.network.tap import tap
from nvp.remedies.neurons import is_relu
from nvp.remedies.remedy import Remedy, Treated
from nvp.remedies.resetting import Resetting

GROWTH = 2  # of a limit that is too low
STEPS = torch.zeros((), dtype=torch.int64)  # the type of a number of steps


def follow_silences(
    limit: Int64[Tensor, "f"], counts: Int32[Tensor, "f s"], percentile: float, longest: int
) -> Int64[Tensor, "f"]:
    """Return the new limits of neurons.

    Args:
        limit: of each, in steps.
        counts: column k has how many silences of k steps each had; column 0 does not count.
        percentile: that a silence of the limit's length has among them.
        longest: the highest limit.
    """
    known = counts.double()
    known[:, 0] = 0
    total = known.sum(1, keepdim=True)
    reached = known.cumsum(1) / total >= percentile
    usual = reached.int().argmax(1)  # the first one
    following = torch.where(usual < limit, usual, GROWTH * limit).clamp(1, longest)
    return torch.where(total.squeeze(1) > 0, following, limit)


class SelfNormalisedResets(Resetting):
    """Resets neurons of ReLU layers whose silence reaches their limit."""

    def __init__(self, treated: Treated) -> None:
        super().__init__(treated)
        self.layers = {path: each for path, each in self.layers.items() if is_relu(each.layer)}
        self.fired: dict[str, Tensor] = {}
        self.rows = {
            path: torch.arange(len(layer.keep), device=layer.keep.device)
            for path, layer in self.layers.items()
        }

    @contextmanager
    def watching(self) -> Iterator[None]:
        def see(path: str, output: Tensor) -> None:
            if path in self.layers:
                self.fired[path] = (output.detach() > 0).transpose(0, 1).flatten(1).any(1)

        with tap(self.state.model, see, training=True):
            yield

    def after_step(self) -> None:
        silent, due = {}, {}
        for path, layer in self.layers.items():
            fired = self.fired[path] & layer.keep
            age, limit = self.recall_age(path), self.recall_limit(path)
            age += (~fired & layer.keep).to(age.dtype)
            due[path] = ~fired & layer.keep & (age >= limit)
            self.count_silences(path, fired | due[path], age)
        # the only question to the device: which neurons are due
        for path, index in zip(due, split_indices(due), strict=True):
            silent[path] = index
        if any(len(index) for index in silent.values()):
            keeps = {path: layer.keep for path, layer in self.layers.items()}
            self.reset_chosen(silent, keeps, self.open_stream())

    def recall_age(self, path: str) -> Int64[Tensor, "f"]:
        """Return the steps since each neuron last fired or was reset."""
        return self.recall(path, "age", like=STEPS)

    def recall_limit(self, path: str) -> Int64[Tensor, "f"]:
        """Return the silence after which each neuron is reset."""
        first = min(self.config.silence, self.config.silence_max)
        return self.recall(path, "limit", like=STEPS, first=first)

    def recall_counts(self, path: str) -> Int32[Tensor, "f s"]:
        """Return how many silences of each length each neuron had since the last update."""
        key, rows = f"{path}/silences", self.rows[path]
        if key not in self.memory:
            shape = len(rows), self.config.silence_max + 1
            self.memory[key] = torch.zeros(shape, dtype=torch.int32, device=rows.device)
        return self.memory[key]

    def count_silences(self, path: str, ended: Bool[Tensor, "f"], age: Int64[Tensor, "f"]) -> None:
        """Count the silences that ended, and end them. Changes what is remembered."""
        counts = self.recall_counts(path)
        where = (self.rows[path], age.clamp(max=self.config.silence_max))
        counts.index_put_(where, ended.to(counts.dtype), accumulate=True)
        age.masked_fill_(ended, 0)

    def end_epoch(self) -> None:
        if (self.state.epoch + 1) % self.config.update:
            return
        for path in self.layers:
            limit, counts = self.recall_limit(path), self.recall_counts(path)
            percentile, longest = self.config.percentile, self.config.silence_max
            limit.copy_(follow_silences(limit, counts, percentile, longest))
            counts.zero_()


def split_indices(marks: dict[str, Bool[Tensor, "_"]]) -> list[Int64[Tensor, "_"]]:
    """Return the indices of True in each tensor; the device is asked once for all of them."""
    joined = torch.cat(list(marks.values()))
    found, start, parts = joined.nonzero().flatten().tolist(), 0, []
    for each in marks.values():
        own = [index - start for index in found if start <= index < start + len(each)]
        parts.append(torch.tensor(own, dtype=torch.int64, device=each.device))
        start += len(each)
    return parts


REMEDY = Remedy(
    summary="self-normalised resets: resets neurons that are silent for longer than is usual",
    start=SelfNormalisedResets,
    settings=("percentile", "update", "silence", "silence_max", "choice"),
    needs=("neurons", "relu"),
)
