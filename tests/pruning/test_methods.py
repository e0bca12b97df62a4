"""Every method runs as a study does: planned on the driver, trained, and written to the tables."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.pruning import METHODS
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.study.study import Study
from nvp.testing import MethodSuite
from nvp.testing.method_suite import MethodCase, read_case
from studies import sgd_noise
from tests.conftest import run_study
from tests.in_process import run_main

torch.set_num_threads(1)
SETTINGS = {
    "epochs": 5,
    "data.images": 256,
    "optim.lr": 0.02,
    "optim.noise": 0.0,
    "probe.size": 64,
    "data.batch_size": 128,
    "model.width": 0.25,
}


def study_of(methods: list[str]) -> Study:
    """Return the study of some methods; those that have a target aim at it."""
    targets = tuple(name for name in methods if METHODS[name].aim == "target")
    aims = {"prune.sparsity": grid(0.6, when={"prune.method": targets})} if targets else {}
    design = Design(
        base=sgd_noise.STUDY.quick.base.with_overrides(SETTINGS),
        space={"prune.method": grid(*methods), **aims},
        seeds=1,
    )
    return Study(name="some_methods", paper=design, quick=design)


@pytest.fixture(scope="module")
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, MethodCase]:
    """Return {method: its trial} of one study of the methods whose turn it is."""
    here = [item for item in request.session.items if item.path == request.path]
    taken = {item.callspec.params.get("_named") for item in here if hasattr(item, "callspec")}  # pyright: ignore
    methods = [name for name in METHODS if name in taken]
    place, study = tmp_path_factory.mktemp("methods"), study_of(methods)
    ended = run_main(study, place, "--preset", "quick", "--no-ray")
    index = read_index(open_study(str(place), study.name, "quick"))
    configs = [json.loads(row["config"]) for row in index.rows.values()]
    cases = [read_case(TrialConfig().with_overrides(config), index) for config in configs]
    trials = {case.config.prune.method: case for case in cases}
    assert trials.keys() == set(methods), ended.stdout + ended.stderr
    return trials


@pytest.mark.one_in(4)
class TestMethods(MethodSuite):
    """Every method trains on digits through a study, in turn."""

    @pytest.fixture(autouse=True, params=METHODS)
    def _named(self, request: pytest.FixtureRequest, found: dict[str, MethodCase]) -> None:
        self.trial = found[request.param]

    def cases(self) -> Iterator[MethodCase]:
        yield self.trial

    def test_weights_are_masked_and_targets_have_events(self) -> None:
        case = self.trial
        if case.plan.granularity == "weight":
            assert case.row["weight_sparsity"] > 0.3
        elif case.plan.method.aim == "target" and case.plan.schedule != "zero_at_init":
            assert case.events_of("pruned")


@pytest.mark.minutes
def test_a_method_runs_from_the_command_line(tmp_path: Path) -> None:
    settings = SETTINGS | {"prune.method": "early_snap"}
    flat = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    ended = run_study(tmp_path, "--preset", "quick", "--seeds", "1", "--no-ray", *flat)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 of 1 trials done" in ended.stdout
