"""What a tracker is given of a finished trial, and what a tracker is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

Curve: TypeAlias = list[tuple[int, float]]  # (epoch, value), by epoch


@dataclass(frozen=True, kw_only=True)
class TrialRun:
    """A finished trial as a run: plain values, no null and nothing that is not finite.

    Attributes:
        trial_id: of the trial.
        label: what tells it from others: the swept keys and their values, the seed last.
        status: done, failed, diverged or censored.
        parameters: {dotted path: value} of the whole configuration; a list is JSON.
        swept: the keys of `parameters` that tell the trials apart.
        outcomes: {column of `trials`: number} at the end.
        curves: {name: values over epochs}: columns of `epochs`, and dead fractions by definition
            and layer, such as `dead/network` and `dead/conv1`.
        tags: {name: text}: study, preset, status, commit, code, versions, device, error.
        command: runs the trial alone, in a storage of its own; "" where no plan has it.
        started: Unix seconds.
        ended: Unix seconds.
        fingerprint: of its row: another one, and the run is to be replaced.
    """

    trial_id: str
    label: str
    status: str
    parameters: Mapping[str, Any]
    swept: tuple[str, ...]
    outcomes: Mapping[str, float]
    curves: Mapping[str, Curve]
    tags: Mapping[str, str]
    command: str
    started: float
    ended: float
    fingerprint: str


@runtime_checkable
class Tracker(Protocol):
    """Where runs go. Any exception of it ends the export in one line, never the study.

    Attributes:
        place: where the runs are, for the user.
    """

    place: str

    def list_runs(self) -> Mapping[str, str]:
        """Return {trial id: fingerprint} of the whole runs that are there."""
        ...

    def write_runs(self, runs: Sequence[TrialRun]) -> None:
        """Write runs, each in the place of an earlier one of its trial."""
        ...

    def close(self) -> None:
        """Finish what is left to do."""
        ...
