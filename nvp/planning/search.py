"""A search: a plan that grows by Optuna's proposals, made from the results in the tables so far.

Each configuration is asked once and run for every seed; Optuna is told the mean. It enters
study.json before its trials start, and its results are read from the tables.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from optuna.trial import TrialState

from nvp.config.numbers import LONG_NUMBER
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design, check_objectives
from nvp.planning.narrowing import WHOLE, Narrowing, is_one_off
from nvp.planning.old_spellings import Spellings, find_old_spellings
from nvp.planning.plan import Choose, Plan, check_total, make_trial
from nvp.planning.plan_state import list_checkpoints
from nvp.planning.proposal import Outcome, propose_cell
from nvp.planning.search_space import check_search, find_cell
from nvp.planning.study_file import find_trials, write_trials
from nvp.planning.trial_queue import TrialQueue
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study
from nvp.trial.requirements import FINISHED_ROW, Requirements

NAME = "optuna"  # of --search
DRAWS = 50  # proposals in a row that are not new before the space counts as exhausted


class Search(TrialQueue):
    """The plan of a search so far, and the results of its trials.

    Attributes:
        plan: every configuration that was asked, in that order, each with all its seeds.
        asked: cells, {path: value}, that were asked, each with the ids of its trials.
        waiting: trials of the newest cell that are not handed out yet.
        rows: {trial id: its row} of the trials that do not run again.
        spellings: of trials that an earlier version asked with more than 12 digits.
        one_off: whether the plan stands beside the study's, which is a wider one.
        exhausted: whether Optuna found nothing new to ask.
    """

    def __init__(
        self,
        design: Design,
        num: int,
        choose: Choose,
        storage: Storage,
        needed: Requirements = FINISHED_ROW,
        narrowing: Narrowing = WHOLE,
    ) -> None:
        check_total(f"{num:,} configurations", num, design.seeds)
        check_objectives(design)
        check_search(design)
        self.needed, self.narrowing, self.one_off = needed, narrowing, False
        self.design, self.num, self.choose, self.storage = design, num, choose, storage
        self.plan = Plan(design, {})
        self.asked: list[tuple[dict[str, Any], list[str]]] = []
        self.waiting: dict[str, TrialConfig] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.spellings: Spellings = {}
        self.exhausted = False

    def load(self) -> None:
        """Take up the cells that earlier starts asked, where they are of this search's space."""
        study = read_study(self.storage)
        empty = Plan(self.design, {})
        self.one_off = is_one_off(study, empty, NAME, self.narrowing)
        asked = find_trials(study, empty, NAME, one_off=self.one_off)
        rows = read_index(self.storage).rows
        kept = list_checkpoints(self.storage) if self.needed.checkpoint else {}
        self.rows = {
            name: row
            for name, row in rows.items()
            if self.needed.are_met(row, self.storage, kept.get(name, []))
        }
        self.asked, self.plan = [], empty
        self.spellings = find_old_spellings(rows, ()) | self.find_asked_spellings(asked)
        for name, swept in asked.items():
            cell = find_cell(self.design.space, self.design.base, swept)
            if cell is None or name in self.plan.trials:
                continue
            # with fewer seeds than before, the later ones would ask the same cell twice
            seed = swept["seed"] - self.design.base.seed
            if 0 <= seed < self.design.seeds and self.make_trial(cell, seed)[0] == name:
                self.add_cell(cell)

    def find_asked_spellings(self, asked: dict[str, dict[str, Any]]) -> Spellings:
        """Return the trials that study.json has under longer spellings than are asked now."""
        found: Spellings = {}
        for name, swept in asked.items() if LONG_NUMBER.search(json.dumps(asked)) else ():
            cell = find_cell(self.design.space, self.design.base, swept)
            if cell is not None:
                seed = swept["seed"] - self.design.base.seed
                stored = {path: swept[path] for path in cell}
                canonical, _ = make_trial(self.design, cell, seed, self.choose)
                spelled = make_trial(self.design, stored, seed, self.choose)
                found |= {canonical: spelled} if spelled[0] == name != canonical else {}
        return found

    def make_trial(self, cell: dict[str, Any], seed: int) -> tuple[str, TrialConfig]:
        """Return name and configuration of a replicate, as they were spelled if it was asked."""
        trial = make_trial(self.design, cell, seed, self.choose)
        return self.spellings.get(trial[0], trial)

    def add_cell(self, cell: dict[str, Any]) -> dict[str, TrialConfig]:
        """Put every seed of a cell into the plan; return the trials that are to run."""
        trials = dict(self.make_trial(cell, seed) for seed in range(self.design.seeds))
        self.asked.append((cell, list(trials)))
        self.plan = replace(self.plan, trials=self.plan.trials | trials)
        return {name: config for name, config in trials.items() if name not in self.rows}

    @property
    def to_ask(self) -> int:
        """Return how many configurations are still to be asked."""
        return 0 if self.exhausted else max(0, self.num - len(self.asked))

    def next_trial(self) -> tuple[str, TrialConfig] | None:
        """Return the next trial to start, of a new cell if need be; None when there is no more."""
        while not self.waiting and self.to_ask:
            cell = self.ask_cell()
            if cell is None:
                self.exhausted = True
                break
            self.waiting = self.add_cell(cell)
            write_trials(self.storage, self.plan, NAME, one_off=self.one_off)
        if not self.waiting:
            return None
        name = next(iter(self.waiting))
        return name, self.waiting.pop(name)

    def ask_cell(self) -> dict[str, Any] | None:
        """Return a cell that is new and valid; None when Optuna proposed none."""
        history = [self.read_outcome(*asked) for asked in self.asked]
        directions = list(self.design.objectives.values())
        seed = self.design.base.seed
        for draw in range(DRAWS):
            cell = propose_cell(self.design.space, directions, history, seed=seed, draw=draw)
            try:
                name, _ = self.make_trial(cell, 0)
            except ValueError:  # each end of each range is valid, this combination is not
                continue
            if name not in self.plan.trials:
                return cell
        return None

    def note_end(self, name: str) -> None:
        """Take in the row of a trial that ended."""
        self.rows |= read_index(self.storage, name).rows

    def read_outcome(self, cell: dict[str, Any], names: Sequence[str]) -> Outcome:
        """Return the outcome of a cell that Optuna is told, from the rows of its seeds."""
        rows = [self.rows.get(name) for name in names]
        states = [row and row["status"] for row in rows]
        if None in states:
            return Outcome(cell, TrialState.RUNNING)
        if "failed" in states:
            return Outcome(cell, TrialState.FAIL)
        known = [row for row in rows if row and row["status"] == "done"]
        if len(known) < len(rows):
            return Outcome(cell, TrialState.PRUNED, steps=self.average_rungs(rows))
        return Outcome(cell, TrialState.COMPLETE, self.average_objectives(known))

    def average_rungs(self, rows: Sequence[dict[str, Any] | None]) -> dict[int, float]:
        """Return {rung: mean objective} of the first rung that stopped trials; {} = none did."""
        stopped = [row for row in rows if row and row["status"] == "censored"]
        rung = min((row["rung"] for row in stopped), default=0)
        first = [row for row in stopped if row["rung"] == rung]
        return {rung: self.average_objectives(first)[0]} if first else {}

    def average_objectives(self, rows: Sequence[dict[str, Any]]) -> list[float]:
        """Return the mean of each objective over the rows."""
        return [fmean(row[column] for row in rows) for column in self.design.objectives]
