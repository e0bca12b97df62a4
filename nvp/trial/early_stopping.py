"""ASHA: a trial stops at a rung where it is not among the best third of the trials that reached it.

Rungs are epochs, the same for all trials of a study. Which trials reached a rung, and how good they
were there, is read from the `epochs` rows of the plan's trials, so nothing is lost with a process.

Source: Li et al., "A system for massively parallel hyperparameter tuning", 2020.
Differs: a trial that waits for promotion would hold a GPU, so it goes on while it is good enough
among those that came before (the stopping variant), and none comes back on its own.
"""

from dataclasses import dataclass, field

from nvp.config.trial_config import TrialConfig
from nvp.storage.index import read_index
from nvp.storage.plans import find_plans
from nvp.storage.reader import read_table
from nvp.storage.schema import EPOCHS, VOLATILE
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

REDUCTION = 3
RUNGS = 3
# not the accuracy on test images, which selects nothing, nor what the ends of tasks alone have
NOT_COMPARED = {*VOLATILE["epochs"], "task_accuracy", "online_accuracy"}
COLUMNS = [name for name in EPOCHS.names if name not in NOT_COMPARED]


class Censored(Exception):
    """The trial is stopped at a rung; the message says why."""


def final_statuses(under_asha: bool) -> tuple[str, ...]:
    """Return the statuses of trials that do not run again; without ASHA a censored one goes on."""
    return ("done", "diverged", "censored") if under_asha else ("done", "diverged")


@dataclass
class Asha:
    """The column that trials are compared by at their rungs.

    Attributes:
        column: of `epochs`.
        maximize: whether more of it is better.
        known: {(trial, rung): value}, a cache: a committed value never changes.
    """

    column: str
    maximize: bool
    known: dict[tuple[str, int], float] = field(default_factory=dict)

    def stop_if_worse(self, storage: Storage, trial: str, rung: int, value: float | None) -> None:
        """Raise Censored when a trial is not good enough to go on from a rung.

        Args:
            storage: the study's.
            trial: its id.
            rung: the epoch that it has reached.
            value: its own value there; None = read it from its rows.
        """
        if value is not None:
            self.known[trial, rung] = value
        plans = find_plans(read_study(storage), trial)
        peers = {trial}.union(*(plan.get("trials", {}) for plan in plans))
        values = {peer: self.read_value(storage, peer, rung) for peer in peers}
        there = {peer: value for peer, value in values.items() if value is not None}
        sign = 1 if self.maximize else -1
        own = there[trial]
        better = sum(sign * other > sign * own for other in there.values())
        if better * REDUCTION >= len(there):
            raise Censored(
                f"rung {rung}: {self.column} {own:.4g}, {better} of {len(there)} trials were "
                f"better there; ASHA goes on with the best {1 / REDUCTION:.0%}"
            )

    def read_value(self, storage: Storage, trial: str, rung: int) -> float | None:
        """Return the value of a trial at a rung, from its rows; None when it was not there."""
        if (trial, rung) not in self.known:
            rows = read_table(read_index(storage, trial), "epochs", [trial]).to_pylist()
            found = [row[self.column] for row in rows if row["epoch"] == rung]
            if not found or found[0] is None:
                return None
            self.known[trial, rung] = found[0]
        return self.known[trial, rung]


def find_rungs(config: TrialConfig, epochs: int) -> list[int]:
    """Return the epochs at which ASHA judges a trial of so many; each is a measuring point."""
    every = config.probe.every
    fractions = [epochs / REDUCTION**k for k in range(RUNGS, 0, -1)]
    measured = {int(-(-fraction // every) * every) for fraction in fractions}
    return sorted(epoch for epoch in measured if 0 < epoch < epochs)
