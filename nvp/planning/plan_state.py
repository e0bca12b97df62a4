"""The state of a plan: which of its trials are done, which failed, and which are to run."""

import json
from dataclasses import dataclass, field, replace

from nvp.config.trial_config import TrialConfig
from nvp.planning.plan import Plan
from nvp.storage.index import Index
from nvp.storage.reader import read_exception
from nvp.storage.store import Storage
from nvp.trial.early_stopping import final_statuses
from nvp.trial.fork import check_pair, explain_missing_parent
from nvp.trial.requirements import FINISHED_ROW, Requirements


@dataclass(frozen=True)
class PlanState:
    """How far a plan is.

    Attributes:
        done: ids of the trials that do not run again.
        failed: {id: last line of the error} of the trials that failed; they run again.
        missing: ids of the trials to run: not committed, damaged, failed, or not final.
        again: ids of the missing that are finished, but lack what the start asks for: their last
            checkpoint, or results of this code.
        parents: ids of the trials that forks among the missing wait for.
    """

    done: list[str]
    failed: dict[str, str]
    missing: list[str]
    again: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)


def read_state(plan: Plan, index: Index, needed: Requirements = FINISHED_ROW) -> PlanState:
    """Return which trials of the plan are done, failed and missing.

    Args:
        plan: the trials.
        index: the committed rows.
        needed: what a row must be like, so that its trial does not run again.
    """
    status = {name: row["status"] for name, row in index.rows.items()}
    kept = list_checkpoints(index.storage) if needed.checkpoint else {}
    done = [
        name
        for name in plan.trials
        if needed.are_met(index.rows.get(name), index.storage, kept.get(name, []))
    ]
    failed = {
        name: read_exception(index.rows[name]["error"])
        for name in plan.parents | plan.trials
        if status.get(name) == "failed"
    }
    finished = set(done)
    missing = [name for name in plan.trials if name not in finished]
    again = [name for name in missing if status.get(name) in needed.statuses]
    wanted = dict.fromkeys(plan.trials[name].parent for name in missing)
    # a parent of another plan cannot be run again here, whatever code it is of
    loose = replace(needed, this_code=False)
    waiting = [
        name
        for name in wanted
        if name and not is_ready(name, index, needed if name in plan.parents else loose)
    ]
    return PlanState(done=done, failed=failed, missing=missing, again=again, parents=waiting)


def is_ready(parent: str, index: Index, needed: Requirements) -> bool:
    """Whether forks can start from a parent; a diverged one makes them diverged."""
    needed = replace(needed, statuses=final_statuses(under_asha=False), checkpoint=True)
    checkpoints = list(index.storage.files(f"checkpoints/{parent}"))
    return needed.are_met(index.rows.get(parent), index.storage, checkpoints)


def list_checkpoints(storage: Storage) -> dict[str, list[str]]:
    """Return {trial id: the names of its checkpoints}, from one listing."""
    found: dict[str, list[str]] = {}
    for name in storage.files("checkpoints"):
        found.setdefault(name.split("/")[1], []).append(name)
    return found


def select_trials(plan: Plan, state: PlanState, index: Index) -> dict[str, TrialConfig]:
    """Return the trials to run: the parents that are waited for, then the missing ones.

    Raises:
        ValueError: when a parent can neither be run nor be started from.
    """
    for name in state.parents:
        if name not in plan.parents:
            row = index.rows.get(name, {"status": "missing"})
            raise ValueError(explain_missing_parent(index.storage, name, row["status"]))
    for fork in (plan.trials[name] for name in state.missing):
        if fork.parent and fork.parent not in plan.parents:
            stored = json.loads(index.rows[fork.parent]["config"])
            check_pair(TrialConfig().with_overrides(stored), fork)
    parents = {name: plan.parents[name] for name in state.parents}
    return parents | {name: plan.trials[name] for name in state.missing}


def split_into_waves(trials: dict[str, TrialConfig]) -> list[dict[str, TrialConfig]]:
    """Return `trials` in groups; a trial's parent is in a group before its own."""
    waves, remaining = [], dict(trials)
    while remaining:
        ready = {
            name: config for name, config in remaining.items() if config.parent not in remaining
        }
        remaining = {name: config for name, config in remaining.items() if name not in ready}
        waves.append(ready)
    return waves
