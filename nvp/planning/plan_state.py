"""The state of a plan: which of its trials are done, which failed, and which are to run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from nvp.config.trial_config import TrialConfig
from nvp.planning.plan import Plan
from nvp.storage.index import Index
from nvp.storage.tracebacks import read_exception
from nvp.trial.early_stopping import final_statuses
from nvp.trial.fork import check_pair, explain_missing_parent, is_ready


@dataclass(frozen=True)
class PlanState:
    """How far a plan is.

    Attributes:
        done: ids of the trials that do not run again.
        failed: {id: last line of the error} of the trials that failed; they run again.
        missing: ids of the trials to run: not committed, damaged, failed, or not final.
        parents: ids of the trials that forks among the missing wait for.
    """

    done: list[str]
    failed: dict[str, str]
    missing: list[str]
    parents: list[str] = field(default_factory=list)


def read_state(
    plan: Plan, index: Index, final: Sequence[str] = final_statuses(under_asha=False)
) -> PlanState:
    """Return which trials of the plan are done, failed and missing.

    Args:
        plan: the trials.
        index: the committed rows.
        final: the statuses of trials that do not run again.
    """
    status = {name: row["status"] for name, row in index.rows.items()}
    done = [name for name in plan.trials if status.get(name) in final]
    failed = {
        name: read_exception(index.rows[name]["error"])
        for name in plan.parents | plan.trials
        if status.get(name) == "failed"
    }
    finished = set(done)
    missing = [name for name in plan.trials if name not in finished]
    wanted = dict.fromkeys(plan.trials[name].parent for name in missing)
    waiting = [p for p in wanted if p and not is_ready(index.storage, p, status.get(p))]
    return PlanState(done=done, failed=failed, missing=missing, parents=waiting)


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
