"""One start of a study: what its script and its flags ask for, planned and checked."""

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.fastest_precision import Choice, Chooser, measure_fastest
from nvp.planning.design import Design, make_asha
from nvp.planning.narrowing import Narrowing
from nvp.planning.old_spellings import use_old_spellings
from nvp.planning.plan import Choose, Plan, make_plan
from nvp.question.question import Question
from nvp.running.tracking import Tracking
from nvp.storage.index import Index, read_index
from nvp.storage.json_object import read_object, write_object
from nvp.storage.store import Storage
from nvp.storage.unreachable import describe_unreachable
from nvp.study.devices import call_on_device, read_device
from nvp.trial.early_stopping import Asha, final_statuses
from nvp.trial.requirements import Requirements

if TYPE_CHECKING:
    from nvp.planning.search import Search


@dataclass(frozen=True, kw_only=True)
class Start:
    """A start of a study, as its script and its flags ask for it.

    Attributes:
        study: name of the study.
        preset: "quick", "laptop" or "paper".
        design: of the preset, with the flags' changes.
        storage: the study's.
        arguments: the flags.
        asha: decides at its rungs whether a trial goes on; None = all trials go on.
        grid: the plan of a grid; None for a search.
        search: whose plan grows; None for a grid.
        narrowing: what the flags take of the study.
        question: of the study; None = the analysis makes one from the swept keys.
        trackings: the trackers that follow it.
    """

    study: str
    preset: str
    design: Design
    storage: Storage
    arguments: argparse.Namespace
    asha: Asha | None
    grid: Plan | None
    search: "Search | None"
    narrowing: Narrowing
    question: Question | None = None
    trackings: tuple[Tracking, ...] = ()

    @property
    def plan(self) -> Plan:
        """Return the plan as it is now."""
        plan = self.search.plan if self.search else self.grid
        assert plan is not None
        return plan

    @property
    def wanted(self) -> Plan:
        """Return the plan of the trials that this start is to run: with --only, of one trial."""
        return self.plan.select_trial(self.arguments.only) if self.arguments.only else self.plan

    def with_old_spellings(self, index: Index) -> "Start":
        """Return the start, whose grid names a trial as its row does, if that has longer numbers.

        A search does so by itself.
        """
        if self.grid is None:
            return self
        return replace(self, grid=use_old_spellings(self.grid, index.rows))

    @property
    def needed(self) -> Requirements:
        """Return what a row must be like, so that its trial does not run again."""
        return read_requirements(self.arguments)


def plan_start(
    study: str,
    preset: str,
    design: Design,
    storage: Storage,
    arguments: argparse.Namespace,
    narrowing: Narrowing,
) -> Start:
    """Return the start that the flags ask for; prints what `auto` stands for.

    Raises:
        ValueError: wrong flags or a wrong design.
    """
    chooser = make_chooser(read_device(arguments, design), storage, arguments.address)
    asha = make_asha(design) if arguments.scheduler == "asha" else None
    grid, search = None, None
    if arguments.search == "grid":
        grid = make_plan(design, chooser)
    else:
        search = load_search(design, chooser, storage, arguments, narrowing)
    for name, choice in chooser.used.items():
        print(f"auto, for {name}: {', '.join(choice.values())}")
    start = Start(
        study=study,
        preset=preset,
        design=design,
        storage=storage,
        arguments=arguments,
        asha=asha,
        grid=grid,
        search=search,
        narrowing=narrowing,
    )
    if arguments.only and arguments.only not in start.plan.trials:
        start = start.with_old_spellings(read_index(storage, checksums=False))
    _ = start.wanted  # refuses an --only that is not in the plan
    return start


def load_search(
    design: Design,
    choose: Choose,
    storage: Storage,
    arguments: argparse.Namespace,
    narrowing: Narrowing,
) -> "Search":
    """Return the search that the flags ask for, with the cells that earlier starts asked."""
    from nvp.planning.search import Search  # Optuna takes a second to import

    needed = read_requirements(arguments)
    search = Search(design, arguments.num_trials, choose, storage, needed, narrowing)
    search.load()
    return search


def read_requirements(arguments: argparse.Namespace) -> Requirements:
    """Return what a row must be like, so that its trial does not run again, as the flags say."""
    return Requirements(
        statuses=final_statuses(under_asha=arguments.scheduler == "asha"),
        checkpoint=arguments.keep_checkpoints,
        this_code=arguments.redo_changed,
    )


def make_chooser(device: str, storage: Storage, address: str | None) -> Chooser:
    """Return the chooser that replaces `auto`; a dry run, too, keeps what it measures at once."""

    def measure(config: TrialConfig, device: str) -> Choice:
        return call_on_device(device, address, measure_fastest, config, device)

    def keep(known: dict[str, Choice]) -> None:
        check_writable(storage)
        write_object(storage, "auto.json", known)

    return Chooser(device, read_choices(storage), keep, measure)


def read_choices(storage: Storage) -> dict[str, Choice]:
    """Return what earlier starts measured, without entries that are no choice."""
    fields = {"precision": str, "layout": str}
    return {
        key: choice
        for key, choice in read_object(storage, "auto.json").items()
        if isinstance(choice, dict)
        and {name: type(value) for name, value in choice.items()} == fields
    }


def check_writable(storage: Storage) -> None:
    """Raise ValueError when the storage cannot be written to."""
    try:
        storage.check_writable()
    except OSError as error:
        if not storage.local:
            raise ValueError(describe_unreachable(storage.place, error)) from None
        raise ValueError(
            f"--storage: expected a place to write to, got {storage.root}: {error}"
        ) from None
