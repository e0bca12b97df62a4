"""The rules of remedies, neuron by neuron and step by step.

Sources: Sokar et al. 2023 (ReDo); Dohare et al. 2024 (continual backprop, and `lop` as in its
code); Farias and Jozefiak 2025 (self-normalised resets, as in their code).
"""

import math
from collections.abc import Sequence


def dormant(means: Sequence[float], keep: Sequence[bool], tau: float) -> list[int]:
    """Return the kept neurons whose mean |activation| is at most tau times the layer's mean."""
    kept = [mean for mean, here in zip(means, keep, strict=True) if here]
    average = sum(kept) / len(kept) if kept else 0.0
    return [j for j, mean in enumerate(means) if keep[j] and mean / (average + 1e-9) <= tau]


class ContinualBackprop:
    """The neurons of one layer; `step` is called for each step and returns who is reset."""

    def __init__(self, width: int, *, rho: float, maturity: int, decay: float, lop: bool) -> None:
        self.rho, self.maturity, self.decay, self.lop = rho, maturity, decay, lop
        self.age, self.utility, self.mean = [0] * width, [0.0] * width, [0.0] * width
        self.due = 0.0

    def step(
        self,
        outputs: Sequence[Sequence[float]],
        outgoing: Sequence[Sequence[float]],
        incoming: Sequence[Sequence[float]],
    ) -> list[int]:
        """Return the neurons that are reset after a step.

        Args:
            outputs: of each neuron, for each image.
            outgoing: weights that read each neuron, after the update.
            incoming: weights of each neuron, after the update.
        """
        for j in range(len(self.age)):
            self.age[j] += 1
            new = self.judge(j, outputs[j], outgoing[j], incoming[j])
            self.utility[j] = self.decay * self.utility[j] + (1 - self.decay) * new
        eligible = [j for j in range(len(self.age)) if self.age[j] > self.maturity]
        self.due += self.rho * len(eligible)
        gone = []
        while self.due >= 1 and eligible:
            worst = min(eligible, key=lambda j: (self.rank(j), j))
            eligible.remove(worst)
            gone.append(worst)
            self.due -= 1
        for j in gone:
            self.age[j], self.utility[j], self.mean[j] = 0, 0.0, 0.0
        return sorted(gone)

    def judge(self, j: int, outputs: Sequence[float], out: Sequence[float], into) -> float:
        """Return the utility of a neuron in one step."""
        if not self.lop:
            return average(outputs) * sum(map(abs, out))
        self.mean[j] = self.decay * self.mean[j] + (1 - self.decay) * sum(outputs) / len(outputs)
        expected = self.mean[j] / (1 - self.decay ** self.age[j])
        return average([y - expected for y in outputs]) * average(out) / average(into)

    def rank(self, j: int) -> float:
        """Return what neurons are ordered by."""
        return self.utility[j] / (1 - self.decay ** self.age[j]) if self.lop else self.utility[j]


class Silence:
    """One neuron of self-normalised resets."""

    def __init__(self, limit: int, longest: int, percentile: float) -> None:
        self.limit, self.longest, self.percentile = limit, longest, percentile
        self.age, self.ended = 0, list[int]()

    def step(self, fired: bool) -> bool:
        """Return whether it is reset after a step in which it fired, or not."""
        self.age += not fired
        due = not fired and self.age >= self.limit
        if fired or due:
            self.ended.append(self.age)
            self.age = 0
        return due

    def update(self) -> None:
        """Let the limit follow the silences since the last call."""
        silences = sorted(age for age in self.ended if age > 0)
        self.ended = []
        if silences:
            usual = silences[math.ceil(self.percentile * len(silences) - 1e-12) - 1]
            wanted = usual if usual < self.limit else 2 * self.limit
            self.limit = min(max(wanted, 1), self.longest)


def average(values: Sequence[float]) -> float:
    """Return the mean of absolute values."""
    return sum(map(abs, values)) / len(values)
