"""Numbers are plain and canonical where they enter, and untouched where rows are read."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvp.config.dotted_paths import flatten_config, unflatten_config
from nvp.config.numbers import has_long_number, make_canonical
from nvp.config.space import Grid, grid, integers, log_uniform, uniform
from nvp.config.trial_config import DataConfig, OptimConfig, TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.planning.study_file import axis_to_json, trials_to_json, write_study
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study

LONG = 0.1 + 0.2
MLP = {"model.name": "mlp", "model.width": 0.1}


def test_a_range_of_numpy_is_the_grid_that_is_meant() -> None:
    assert grid(*np.arange(0.1, 0.5, 0.1)) == grid(0.1, 0.2, 0.3, 0.4)
    assert grid(*np.linspace(0, 1, 11)) == grid(*[k / 10 for k in range(11)])
    assert grid(*np.logspace(-5, -1, 5)) == grid(1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
    assert Grid(tuple(np.arange(0.1, 0.35, 0.1))) == grid(0.1, 0.2, 0.3)
    assert uniform(np.float64(0.1) * 3, 1) == uniform(0.3, 1)
    assert log_uniform(np.float32(0.001), torch.tensor(0.1)) == log_uniform(0.001, 0.1)
    assert integers(np.int64(1), np.int32(9)) == integers(1, 9)
    assert grid(1, when={"optim.lr": np.arange(0.1, 0.35, 0.1)}).when == {
        "optim.lr": (0.1, 0.2, 0.3)
    }


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (LONG, 0.3),
        (-0.0, 0.0),
        (np.float64(-0.0), 0.0),
        (np.float32(0.1), 0.1),  # the shortest decimal of its own precision, not .100000001490
        (np.float16(0.1), 0.1),
        (np.float32(1) / 3, 0.33333334),
        (np.float64(1) / 3, 0.333333333333),
        (np.array(LONG), 0.3),
        (torch.tensor(0.1), 0.1),
        (torch.tensor(0.1, dtype=torch.bfloat16), 0.1),
        (torch.tensor(LONG, dtype=torch.float64), 0.3),
        (torch.tensor(64), 64),
        (np.uint8(7), 7),
        (np.bool_(True), True),
        (np.str_("relu"), "relu"),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (np.array([0.5, 0.75]), (0.5, 0.75)),
        ([LONG, np.float32(0.9)], (0.3, 0.9)),
        (123456789012345678, 123456789012345678),  # whole numbers keep all digits
        (1.5e-320, 1.5e-320),
        ("0.1", "0.1"),
        (None, None),
    ],
)
def test_numbers_of_every_library_become_plain_ones(value: Any, wanted: Any) -> None:
    found = make_canonical(value)
    assert repr(found) == repr(wanted)  # repr: the type counts, and the sign of 0.0
    assert json.dumps(found)
    assert repr(make_canonical(found)) == repr(found)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_twelve_digits_survive_and_more_do_not(value: float) -> None:
    short = make_canonical(value)
    assert short == float(f"{value:.12g}")
    assert short == make_canonical(short)
    assert abs(short - value) <= 1e-11 * abs(value) + 1e-322


def test_a_design_is_canonical_and_a_value_given_twice_is_refused_as_ever() -> None:
    base = TrialConfig(optim=OptimConfig(lr=LONG, weight_decay=-0.0)).with_overrides(MLP)
    design = Design(base=base, space={"optim.noise": grid(LONG)}, parent={"optim.lr": LONG})
    assert repr(design.base.optim.lr) == "0.3"
    assert repr(design.base.optim.weight_decay) == "0.0"
    assert design.parent == {"optim.lr": 0.3}
    text = {"optim.lr": "0.30000000000000004", "optim.milestones": "[0.30000000000000004, .9]"}
    changed = design.with_settings(text, None).base.optim
    assert (changed.lr, changed.milestones) == (0.3, (0.3, 0.9))
    same = make_plan(Design(base=base, space={"optim.noise": grid(0.3)}))
    assert make_plan(Design(base=base, space={"optim.noise": grid(LONG)})).trials == same.trials
    for twice in ((0.3, LONG), (0.0, -0.0), (0.5, np.float32(0.5)), (1, torch.tensor(1.0))):
        with pytest.raises(ValueError, match="expected every cell once"):
            make_plan(Design(base=base, space={"optim.noise": grid(*twice)}))


def test_a_plan_of_numbers_of_other_libraries_is_written_as_json(tmp_path: Path) -> None:
    space = {
        "optim.lr": grid(np.float32(0.1), torch.tensor(0.2), np.array(LONG), Decimal("0.4")),
        "data.batch_size": grid(np.int64(32), when={"optim.lr": np.float64(0.1)}),
        "optim.milestones": grid(np.array([0.5, 0.9])),
        "optim.schedule": grid(np.str_("multistep")),
    }
    design = Design(base=TrialConfig().with_overrides(MLP), space=space, seeds=np.int64(2))  # type: ignore[arg-type]
    plan, storage = make_plan(design), Storage.at(str(tmp_path))
    write_study(storage, "s", "quick", plan, {})
    study = read_study(storage)
    assert study["space"]["optim.lr"] == [0.1, 0.2, 0.3, 0.4]
    assert study["trials"] == trials_to_json(plan)
    assert study["seeds"] == 2
    ranges = {"optim.lr": uniform(np.float32(0.1), 1), "epochs": integers(np.int8(1), 9)}
    assert json.dumps({path: axis_to_json(axis) for path, axis in ranges.items()})


def test_sections_take_numbers_of_other_libraries() -> None:
    config = TrialConfig(
        data=DataConfig(batch_size=np.int64(32)),  # type: ignore[arg-type]
        optim=OptimConfig(lr=np.float32(0.1), milestones=np.array([0.5, 0.9])),  # type: ignore[arg-type]
    )
    assert config == TrialConfig(
        data=DataConfig(batch_size=32), optim=OptimConfig(lr=0.1, milestones=(0.5, 0.9))
    )
    assert json.dumps(flatten_config(config))


def test_a_stored_configuration_keeps_every_digit() -> None:
    stored = flatten_config(TrialConfig(optim=OptimConfig(lr=LONG)))
    assert repr(stored["optim.lr"]) == "0.30000000000000004"
    assert repr(unflatten_config(TrialConfig, stored).optim.lr) == "0.30000000000000004"


def test_long_numbers_are_found_in_stored_text() -> None:
    usual = json.dumps(flatten_config(TrialConfig(parent="123456789012", seed=123456789012)))
    assert not has_long_number(usual)
    for value in (LONG, 1 / 3, 1e5 / 3, -1 / 3, 1e-7 / 3):
        assert has_long_number(json.dumps({"optim.lr": value}))
