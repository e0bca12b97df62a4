"""A thousand spot GPUs, replayed on the real planner: what they do for the study, and what breaks.

`python -m benchmarks.scale [--table PATH]`. The plan, its comparison with the
tables, study.json and every committed row are the engine's, in a temporary folder; trials and nodes
are those of `benchmarks.cluster`. docs/scale.md has assumptions and figures. There is no bar.
"""

import argparse
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from benchmarks.cluster import HOUR, Cluster, Job, Ledger, Setting
from benchmarks.plan_study import DESIGN
from nvp.config.trial_config import TrialConfig
from nvp.planning.plan import make_plan
from nvp.planning.plan_state import read_state, select_trials, split_into_waves
from nvp.planning.study_file import write_study
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter, find_next_attempt
from nvp.trial.trial_row import commit_lost, trial_row

SIGMA, POINTS = 0.6, 100  # lengths are lognormal; measuring points of a trial
PREEMPTED, RESTARTS = (0.0, 0.05, 0.20), (0, 4)


class RealPlanner:
    """The engine's planning and committing, with the CPU seconds they take."""

    def __init__(self, storage: Storage, seeds: int) -> None:
        self.storage, self.design = storage, replace(DESIGN, seeds=seeds)
        self.planning: list[float] = []
        self.committing = 0.0
        self.configs: dict[str, TrialConfig] = {}
        self.done: set[str] = set()

    def missing(self) -> list[str]:
        """Plan as a start of the driver does; return the trials to run, in order.

        Raises:
            AssertionError: when that is not what is left of the replay.
        """
        before = time.process_time()
        plan = make_plan(self.design)
        index = read_index(self.storage)
        trials = select_trials(plan, read_state(plan, index), index)
        write_study(self.storage, "scale", "quick", plan, {"time": time.time()})
        (wave,) = split_into_waves(trials)
        self.planning.append(time.process_time() - before)
        self.configs = plan.trials
        assert set(wave) == set(plan.trials) - self.done
        return list(wave)

    def ended(self, name: str) -> None:
        """Commit a finished trial."""
        with self.clock():
            assert name not in self.done
            self.done.add(name)
            writer = TrialWriter(self.storage, name, find_next_attempt(self.storage, name))
            writer.commit(trial_row(self.configs[name], "done", None) | {"epochs": POINTS})

    def lost(self, name: str) -> None:
        """Commit a trial whose process died too often, as the driver does."""
        with self.clock():
            commit_lost(self.configs[name], self.storage, "the trial's process died 4 times")

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Add the CPU seconds of a block to `committing`."""
        before = time.process_time()
        yield
        self.committing += time.process_time() - before


def replay(setting: Setting, seeds: int, median: float) -> dict[str, float]:
    """Return a row of the table: one replay, of trials with that median of seconds."""
    draw = random.Random(setting.seed)
    with tempfile.TemporaryDirectory() as place, patch.object(os, "fsync"):
        planner = RealPlanner(Storage.at(place), seeds)
        jobs = {}
        for order, name in enumerate(make_plan(planner.design).trials):
            length = median * math.exp(SIGMA * draw.gauss(0, 1))
            jobs[name] = Job(name, order, length, length / POINTS)
        ledger = Cluster(setting, jobs, planner).run()
        rows = read_index(planner.storage).rows
    assert len(rows) == len(jobs)
    assert all(row["status"] == "done" for row in rows.values())
    return row_of(setting, ledger, planner, len(jobs))


def row_of(setting: Setting, ledger: Ledger, planner: RealPlanner, count: int) -> dict[str, float]:
    """Return what is reported of a replay; shares are of GPU seconds until nothing waits."""
    hours, there = ledger.span / HOUR, ledger.there
    needed = there - ledger.tail
    cpu = sum(planner.planning) + planner.committing
    return {
        "nodes preempted an hour": setting.preempted,
        "driver restarts": setting.driver_restarts,
        "hours": hours,
        "useful": ledger.useful / needed,
        "repeated": ledger.repeated / needed,
        "starting": ledger.starting / needed,
        "driver away": ledger.waiting / needed,
        "free at the end, of all": ledger.tail / there,
        "GPU hours repeated": ledger.repeated / HOUR,
        "longest repetition (s)": ledger.longest_repetition,
        "nodes lost": ledger.preemptions,
        "attempts interrupted": ledger.interrupted,
        "given up once": ledger.given_up,
        "driver starts": ledger.drivers,
        "planning, s of CPU a start": sum(planner.planning) / len(planner.planning),
        "committing, ms of CPU a trial": 1000 * planner.committing / count,
        "driver, s of CPU an hour": cpu / hours,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000, help="a multiple of 400")
    parser.add_argument("--median", type=float, default=1800, help="seconds of a trial")
    parser.add_argument("--table", type=Path, help="where the table goes, as CSV")
    arguments = parser.parse_args()
    rows = []
    for restarts in RESTARTS:
        for preempted in PREEMPTED:
            setting = Setting(preempted, driver_restarts=restarts)
            rows.append(replay(setting, arguments.trials // 400, arguments.median))
            print(f"    {preempted:.0%} of nodes an hour, {restarts} restarts: "
                  f"{rows[-1]['useful']:.3f} useful", flush=True)  # fmt: skip
    table = pd.DataFrame(rows)
    print(table.T.to_string(float_format=lambda value: f"{value:.4g}"))
    if arguments.table:
        table.to_csv(arguments.table, index=False)
    sys.exit(0)
