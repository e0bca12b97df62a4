"""The options of a run: which trials keep their checkpoints, and which ASHA may stop."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from nvp.running.local import run_in_process
from nvp.running.ray import run_sweep
from nvp.trial.attempt import Attempt
from nvp.trial.early_stopping import Asha
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions

ASHA = Asha("val_accuracy", True)


def test_a_parent_keeps_its_checkpoints_and_asha_does_not_stop_it() -> None:
    options = RunOptions(asha=ASHA, parents=frozenset({"parent"}))
    parent, fork = options.for_trial("parent"), options.for_trial("fork")
    assert (parent.keep_checkpoints, parent.asha) == (True, None)
    assert (fork.keep_checkpoints, fork.asha) == (False, ASHA)


@pytest.mark.parametrize("name", ["parent", "fork"])
def test_the_options_of_a_trial_change_nothing_else(name: str) -> None:
    options = RunOptions(
        device="cuda", gpu_share=0.25, checkpoint_seconds=3.0, parents=frozenset({"parent"})
    )
    own, of_all = dataclasses.asdict(options.for_trial(name)), dataclasses.asdict(options)
    changed = {field for field in of_all if own[field] != of_all[field]}
    assert changed == ({"keep_checkpoints"} if name == "parent" else set())


@pytest.mark.parametrize("function", [run_trial, Attempt, run_in_process, run_sweep])
def test_all_that_run_trials_take_the_options_as_one_value(function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters
    assert parameters["options"].annotation in (RunOptions, "RunOptions")
    assert not set(parameters) & {field.name for field in dataclasses.fields(RunOptions)}
    assert len(parameters) <= 7
