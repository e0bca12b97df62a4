"""The laws of a pruning method: it trains, prunes to its target, and its rows say so."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar

from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.pruning import plan_pruning
from nvp.pruning.plan import PruningPlan
from nvp.storage.index import Index, read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.testing.law import Law, Suite, expect
from nvp.trial.run import run_trial
from nvp.trial.validation import check_trial

SETTINGS = {
    "epochs": 5,
    "data.images": 256,
    "data.batch_size": 128,
    "model.width": 0.25,
    "optim.lr": 0.02,
    "probe.size": 64,
}
SPARSITY = 0.6  # the target, of a method that aims at one
Row = Mapping[str, Any]


@dataclass(frozen=True)
class MethodCase:
    """A finished trial of a method: its plan, and its rows of `trials`, `epochs` and `events`."""

    config: TrialConfig
    row: Row
    epochs: list[Row]
    events: list[Row]

    def __str__(self) -> str:
        return self.config.prune.method

    @property
    def plan(self) -> PruningPlan:
        """Return what the method is, with what the trial overrides of it."""
        return plan_pruning(self.config.prune)

    def events_of(self, kind: str) -> list[Row]:
        """Return the events of one kind."""
        return [event for event in self.events if event["event"] == kind]


def it_says_what_it_does(case: MethodCase) -> None:
    """Its summary is a line for the table of methods."""
    summary = case.plan.method.summary
    fine = len(summary) > 10 and "\n" not in summary
    expect(fine, "a summary of one line", repr(summary))


def it_trains_to_its_end(case: MethodCase) -> None:
    """The trial is done, with a row for each measuring point."""
    row = case.row
    expect(row["status"] == "done", "a trial that is done", f"{row['status']}: {row['error']}")
    found, wanted = [each["epoch"] for each in case.epochs], list(range(case.config.epochs + 1))
    expect(found == wanted, f"measuring points {wanted}", found)


def it_reaches_its_target(case: MethodCase) -> None:
    """Of neurons exactly the floor of sparsity times units; of weights at least half of it."""
    method, row = case.plan.method, case.row
    if method.aim != "target":
        return
    if method.granularity == "weight":
        least, found = case.config.prune.sparsity / 2, row["weight_sparsity"]
        expect(found > least, f"more than {least:g} of the weights masked", found)
    elif case.plan.schedule != "zero_at_init":
        wanted, units = int(case.config.prune.sparsity * row["units"]), row["units"]
        found = row["masked_units"]
        expect(found == wanted, f"{wanted} of {units} units masked at the end", found)


def what_it_masks_is_recorded_with_its_cause(case: MethodCase) -> None:
    """Events name the method; those of neurons one neuron each, those of weights a count."""
    method, row = case.plan.method, case.row
    units, weights = case.events_of("pruned"), case.events_of("weights_pruned")
    allowed = {case.config.prune.method, f"{case.config.prune.method} at the latest"}
    causes = {event["cause"] for event in units + weights}
    expect(causes <= allowed, f"causes among {sorted(allowed)}", sorted(causes - allowed))
    named = [event["neuron"] for event in weights if event["neuron"] is not None]
    expect(not named, "no neuron in an event of weights", named)
    if method.granularity == "weight":
        least = row["masked_weights"] / 2
        counted = sum(event["count"] for event in weights)
        expect(counted >= least, f"events of at least {least:g} masked weights", counted)
    elif row["masked_units"] and case.plan.schedule != "zero_at_init":
        text = f"an event for each of {row['masked_units']} masked units"
        layers = {(event["layer"], event["neuron"]) for event in units}
        expect(bool(layers), text, "none")


def its_sparsity_never_falls_unless_it_regrows(case: MethodCase) -> None:
    """What is masked stays masked, unless the method is soft or brings units back."""
    if case.plan.is_soft or case.plan.regrow != "none":
        return
    for key in ("sparsity", "weight_sparsity"):
        for before, now in pairwise(case.epochs):
            text = f"a {key} of at least {before[key]:g} at epoch {now['epoch']}, as before"
            expect(now[key] >= before[key], text, now[key])


class MethodSuite(Suite):
    """The laws of a pruning method, looked at in one small trial on digits.

    Attributes:
        name: as in `prune.method`.
        settings: of the trial, by dotted path.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        it_says_what_it_does,
        it_trains_to_its_end,
        it_reaches_its_target,
        what_it_masks_is_recorded_with_its_cause,
        its_sparsity_never_falls_unless_it_regrows,
    )
    settings: Mapping[str, Any] = {}

    def cases(self) -> Iterator[MethodCase]:
        """Return a finished trial of the method, which is run once."""
        yield run_method(self.name, tuple(self.settings.items()))


@cache
def run_method(name: str, settings: tuple[tuple[str, Any], ...]) -> MethodCase:
    """Return a finished trial of a method; raises ValueError for settings that are refused."""
    config = TrialConfig().with_overrides({**SETTINGS, "prune.method": name, **dict(settings)})
    if plan_pruning(config.prune).method.aim == "target":
        config = config.with_overrides({"prune.sparsity": SPARSITY})
    check_trial(config)
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage.at(folder)
        for _ in run_trial(config, storage):
            pass
        return read_case(config, read_index(storage))


def read_case(config: TrialConfig, index: Index) -> MethodCase:
    """Return the finished trial of a configuration from the tables of its study."""
    own = [trial_id(config)]
    epochs, events = (read_table(index, table, own).to_pylist() for table in ("epochs", "events"))
    return MethodCase(config, index.rows[own[0]], epochs, events)
