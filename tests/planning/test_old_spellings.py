"""A trial that was run as 0.30000000000000004 counts as done for 0.3, in grids and in searches."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from nvp.config.dotted_paths import flatten_config
from nvp.config.identity import trial_id
from nvp.config.space import grid, uniform
from nvp.config.trial_config import ModelConfig, OptimConfig, TrialConfig
from nvp.planning.design import Design
from nvp.planning.old_spellings import find_old_spellings, use_old_spellings
from nvp.planning.plan import keep_as_is, make_plan
from nvp.planning.plan_state import Requirements, read_state, select_trials
from nvp.planning.search import Search
from nvp.planning.study_file import write_study
from nvp.storage.index import Index
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study
from nvp.storage.writer import TrialWriter
from nvp.trial.fork import make_parent
from nvp.trial.trial_row import trial_row

LONG = 0.1 + 0.2
BASE = TrialConfig(epochs=8, model=ModelConfig(name="mlp", width=0.1))
DESIGN = Design(base=BASE, space={"optim.lr": grid(0.3, 0.4)}, seeds=2)


def row(config: TrialConfig) -> dict[str, Any]:
    text = json.dumps(flatten_config(config))
    return {"status": "done", "error": None, "config": text, "epochs": config.epochs}


def index_of(rows: dict[str, dict[str, Any]], place: Path) -> Index:
    return Index(Storage.at(str(place)), rows, {}, frozenset())


def spelled(config: TrialConfig, **changes: Any) -> TrialConfig:
    return replace(config, optim=replace(config.optim, **changes))


def test_a_trial_spelled_at_length_is_done_and_keeps_its_name(tmp_path: Path) -> None:
    plan = make_plan(DESIGN)
    (short, config), *_ = plan.trials.items()
    old = spelled(config, lr=LONG)
    rows = {trial_id(old): row(old)}
    found = use_old_spellings(plan, rows)
    assert list(found.trials) == [trial_id(old), *list(plan.trials)[1:]]
    assert repr(found.trials[trial_id(old)].optim.lr) == "0.30000000000000004"
    state = read_state(found, index_of(rows, tmp_path))
    assert state.done == [trial_id(old)]
    assert short not in state.missing
    both = rows | {short: row(config)}
    assert use_old_spellings(plan, both) == plan  # its own name was run too


def test_the_base_may_be_what_was_spelled_at_length() -> None:
    base = spelled(BASE, momentum=3 * 0.3)
    plan = make_plan(replace(DESIGN, base=base))
    olds = [spelled(config, momentum=3 * 0.3) for config in plan.trials.values()]
    rows = {trial_id(old): row(old) for old in olds}
    assert list(use_old_spellings(plan, rows).trials) == list(rows)


def test_nothing_is_read_of_rows_that_the_plan_has_or_whose_numbers_are_short() -> None:
    plan = make_plan(DESIGN)
    rows = {name: {"config": f"damaged {LONG}"} for name in plan.trials}
    assert use_old_spellings(plan, rows) is plan
    assert find_old_spellings({"other": {"config": "damaged 0.3"}}, ()) == {}


def test_a_fork_is_found_although_its_parent_was_spelled_at_length(tmp_path: Path) -> None:
    plan = make_plan(replace(DESIGN, parent={"epochs": 4}))
    olds, rows = [], {}
    for config in list(plan.trials.values())[:1]:
        old = replace(spelled(config, lr=LONG), parent="")
        parent = make_parent(old, {"epochs": 4})
        olds.append(replace(old, parent=trial_id(parent)))
        rows = {trial_id(config): row(config) for config in (parent, olds[0])}
    found = use_old_spellings(plan, rows)
    assert list(found.trials) == [trial_id(olds[0]), *list(plan.trials)[1:]]
    index = index_of(rows, tmp_path)
    again = replace(found, trials={trial_id(olds[0]): olds[0]})
    missing = read_state(again, index, Requirements(statuses=()))
    assert list(select_trials(again, missing, index)) == [olds[0].parent, trial_id(olds[0])]


@pytest.mark.parametrize("finished", [True, False])
def test_a_configuration_that_was_asked_at_length_is_not_asked_again(
    tmp_path: Path, finished: bool
) -> None:
    space = {"optim.lr": uniform(0.1, 0.3), "optim.noise": grid(0.0, 0.9)}
    design = Design(base=BASE, space=space, seeds=2)
    storage = Storage.at(str(tmp_path))
    cells = [{"optim.lr": 0.12345678901234566, "optim.noise": 3 * 0.3},
             {"optim.lr": LONG, "optim.noise": 0.0}]  # fmt: skip
    before = Search(design, 2, keep_as_is, storage)
    for cell in cells:
        before.add_cell(cell)
    write_study(storage, "s", "quick", before.plan, start={}, search="optuna")
    assert "0.12345678901234566" in json.dumps(read_study(storage)["trials"])
    for name, config in before.plan.trials.items() if finished else ():
        TrialWriter(storage, name, 1).commit(
            trial_row(config, "done", None) | {"val_accuracy": 0.5, "attempt": 1}
        )
    after = Search(design, 3, keep_as_is, storage)
    after.load()
    assert after.plan.trials == before.plan.trials
    assert after.to_ask == 1
    wanted = TrialState.COMPLETE if finished else TrialState.RUNNING
    assert [after.read_outcome(*asked).state for asked in after.asked] == [wanted, wanted]
    asked = after.ask_cell()
    assert asked is not None
    assert asked["optim.lr"] == float(f"{asked['optim.lr']:.12g}")


def test_a_base_spelled_at_length_is_the_same_search(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    design = Design(base=BASE, space={"optim.lr": uniform(0.1, 0.3)}, seeds=1)
    long = replace(BASE, optim=OptimConfig(momentum=3 * 0.3))
    config = long.with_overrides({"optim.lr": 0.2})
    before = Search(design, 1, keep_as_is, storage)
    before.plan = replace(before.plan, trials={trial_id(config): config})
    write_study(storage, "s", "quick", before.plan, start={}, search="optuna")
    TrialWriter(storage, trial_id(config), 1).commit(trial_row(config, "done", None))
    after = Search(replace(design, base=long), 1, keep_as_is, storage)
    after.load()
    assert after.plan.trials == {trial_id(config): config}
