"""Trials that were run under a longer spelling of a number: 0.30000000000000004 for 0.3.

Numbers are canonical where they enter a design (`nvp.config.numbers`), so a study that ran before
would find other names for the same trials, and run them again. A plan therefore takes the name and
the configuration of the row that is there. No row is read closely unless the plan does not have it
and its configuration has a number of more than 12 digits.
"""

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from nvp.config.dotted_paths import unflatten_config
from nvp.config.identity import trial_id
from nvp.config.numbers import has_long_number
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import make_canonical_config
from nvp.planning.plan import Plan

Spellings = dict[str, tuple[str, TrialConfig]]


def find_old_spellings(rows: Mapping[str, dict[str, Any]], known: Container[str]) -> Spellings:
    """Return {canonical name: (name, configuration) of the row} of trials spelled at length.

    Args:
        rows: {trial id: its row}, those that are committed.
        known: names of the plan, which need no other spelling.
    """
    stored = {
        name: unflatten_config(TrialConfig, json.loads(row["config"]))
        for name, row in rows.items()
        if name not in known and has_long_number(row["config"])
    }
    short = {name: make_canonical_config(config) for name, config in stored.items()}
    names = {name: trial_id(config) for name, config in short.items() if not config.parent}
    for name, config in short.items():
        if config.parent:  # a fork is named by its parent too, which may have been respelled
            parent = names.get(config.parent, config.parent)
            names[name] = trial_id(replace(config, parent=parent))
    return {
        names[name]: (name, config) for name, config in stored.items() if names[name] not in rows
    }


def use_old_spellings(plan: Plan, rows: Mapping[str, dict[str, Any]]) -> Plan:
    """Return the plan, in which a trial that has a row under a longer spelling is named by that."""
    found = find_old_spellings(rows, plan.trials.keys() | plan.parents.keys())
    if not found:
        return plan
    trials = dict(found.get(name, (name, config)) for name, config in plan.trials.items())
    parents = dict(plan.parents)
    for config in trials.values():
        if config.parent in rows and config.parent not in parents:
            stored = json.loads(rows[config.parent]["config"])
            parents[config.parent] = unflatten_config(TrialConfig, stored)
    return replace(plan, trials=trials, parents=parents)
