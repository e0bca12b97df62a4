"""The plan: every cell x seed, named, in order; what cannot work is refused before it starts."""

from dataclasses import replace
from typing import Any

import pytest

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.config.trial_config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    TrialConfig,
)
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.planning.plan_state import read_state
from nvp.planning.study_file import write_study
from nvp.storage.index import Index
from nvp.storage.reader import read_exception
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

BASE = TrialConfig(model=ModelConfig(name="mlp", width=0.1), seed=4)
SPACE = {"optim.lr": grid(0.1, 0.2), "prune.method": grid("none", "dead", "nvp")}
DESIGN = Design(base=BASE, space=SPACE, seeds=2)


def index_of(rows: dict[str, dict[str, Any]], storage: Storage) -> Index:
    return Index(storage, rows, {}, frozenset())


def test_the_first_seed_of_every_cell_comes_first_and_cells_in_the_order_given() -> None:
    trials = list(make_plan(DESIGN).trials.values())
    found = [(t.seed, t.optim.lr, t.prune.method) for t in trials]
    cells = [(lr, method) for lr in (0.1, 0.2) for method in ("none", "dead", "nvp")]
    assert found == [(seed, *cell) for seed in (4, 5) for cell in cells]


def test_a_trial_is_under_its_own_name() -> None:
    plan = make_plan(DESIGN)
    assert len(plan.trials) == 12
    assert all(trial_id(config) == name for name, config in plan.trials.items())


def test_more_seeds_and_values_leave_every_old_name_alone() -> None:
    old = set(make_plan(DESIGN).trials)
    more = replace(DESIGN, seeds=4, space=SPACE | {"optim.lr": grid(0.05, 0.1, 0.2)})
    assert old < set(make_plan(more).trials)
    assert len(make_plan(more).trials) == 4 * 3 * 3


def test_a_design_without_axes_is_its_seeds() -> None:
    plan = make_plan(Design(base=BASE, space={}, seeds=3))
    assert [config.seed for config in plan.trials.values()] == [4, 5, 6]


@pytest.mark.parametrize("values", [(0.1, 0.1), (1, 1.0), (0.5, "0.5")])
def test_a_value_given_twice_is_refused(values: tuple) -> None:
    with pytest.raises(ValueError, match="expected every cell once, got .* twice"):
        make_plan(Design(base=BASE, space={"optim.lr": grid(*values)}))


def test_setting_a_swept_path_ends_its_sweep() -> None:
    design = DESIGN.with_settings({"optim.lr": "0.3", "epochs": "2"}, None)
    assert list(design.space) == ["prune.method"]
    assert {(c.optim.lr, c.epochs) for c in make_plan(design).trials.values()} == {(0.3, 2)}
    assert len(make_plan(design).trials) == 6
    assert len(make_plan(DESIGN.with_settings({}, 5)).trials) == 30
    assert DESIGN.with_settings({}, None) == DESIGN


def test_swept_values_name_the_cell_and_the_seed() -> None:
    plan = make_plan(DESIGN)
    config = next(iter(plan.trials.values()))
    assert plan.swept_values(config) == {"optim.lr": 0.1, "prune.method": "none", "seed": 4}


def test_one_trial_alone() -> None:
    plan = make_plan(DESIGN)
    name = list(plan.trials)[3]
    assert plan.select_trial(name).trials == {name: plan.trials[name]}
    with pytest.raises(ValueError, match=f"--only: expected one of the 12 .*mean '{name}'"):
        plan.select_trial(name[:-1] + "x")


def test_compare_says_what_became_of_every_trial(tmp_path) -> None:
    plan = make_plan(DESIGN)
    done, diverged, failed, *missing = plan.trials
    rows = {
        done: {"status": "done", "error": None},
        diverged: {"status": "diverged", "error": "the training loss is not finite"},
        failed: {"status": "failed", "error": "Traceback\n  line 3\nOSError: no space\n"},
        "of-another-plan": {"status": "done", "error": None},
    }
    state = read_state(plan, index_of(rows, Storage.at(str(tmp_path))))
    assert state.done == [done, diverged]
    assert state.failed == {failed: "OSError: no space"}
    assert state.missing == [failed, *missing]


def test_last_line() -> None:
    assert read_exception(None) == read_exception("") == ""
    assert read_exception("a\nb: c\n\n") == "b: c"


def test_study_json_holds_the_plan_and_one_entry_a_start(tmp_path) -> None:
    storage, plan = Storage.at(str(tmp_path)), make_plan(DESIGN)
    assert read_study(storage) == {}
    write_study(storage, "s", "quick", plan, {"n": 1})
    shorter = make_plan(replace(DESIGN, seeds=1))
    write_study(storage, "s", "quick", shorter, {"n": 2})
    study = read_study(storage)
    assert study["starts"] == [{"n": 1}, {"n": 2}]
    assert list(study["trials"]) == list(shorter.trials)
    assert study["space"] == {"optim.lr": [0.1, 0.2], "prune.method": ["none", "dead", "nvp"]}
    assert (study["study"], study["preset"], study["seeds"]) == ("s", "quick", 1)
    assert TrialConfig().with_overrides(study["base"]) == BASE


def test_a_damaged_study_json_is_named_and_read_as_none(tmp_path, caplog) -> None:
    storage = Storage.at(str(tmp_path))
    for content in (b'{"starts": [', b"[]", b"\xff\xfe"):
        storage.write("study.json", content)
        caplog.clear()
        assert read_study(storage) == {}
        assert storage.path("study.json") in caplog.text


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"data": DataConfig(batch_size=1401)}, r"data\.batch_size: .*at most the 1400 .*got 1401"),
        ({"data": DataConfig(name="digit")}, r"data\.name: .*did you mean 'digits'"),
        ({"model": ModelConfig(name="convet")}, r"model\.name: .*did you mean 'convnet'"),
        ({"model": ModelConfig(activation="silo")}, r"model\.activation: .*did you mean 'silu'"),
        ({"prune": PruneConfig(method="dea")}, r"prune\.method: .*did you mean 'dead'"),
        ({"optim": OptimConfig(name="adamv")}, r"optim\.name: .*did you mean 'adam'"),
        ({"optim": OptimConfig(schedule="cosin")}, r"optim\.schedule: .*did you mean 'cosine'"),
        (
            {"optim": OptimConfig(noise=1, noise_kind="official")},
            r"optim\.clip_norm: expected a value > 0",
        ),
        ({"probe": ProbeConfig(size=16, bins=32)}, r"probe\.size: .*probe\.bins=32 images, got 16"),
        ({"prune": PruneConfig(method="nvp", start=0.9)}, r"prune\.end: expected at least .*0\.9"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(changes: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_plan(Design(base=replace(BASE, **changes), space={}, seeds=1))


@pytest.mark.parametrize(
    ("space", "wanted"),
    [
        ({"optim.lrr": grid(0.1)}, r"unknown configuration path 'optim\.lrr'.*'optim\.lr'"),
        ({"optim.lr": grid(-1)}, r"optim\.lr: expected a value >= 0, got -1"),
        ({"optim.lr": grid("fast")}, r"optim\.lr: expected float, got 'fast'"),
        ({"prune.method": grid("none", "magnitud")}, r"prune\.method: .*'magnitude'\?"),
    ],
)
def test_a_wrong_axis_is_refused_before_anything_starts(space: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_plan(Design(base=BASE, space=space, seeds=1))
