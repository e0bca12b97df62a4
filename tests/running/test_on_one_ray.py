"""On a private Ray that this process starts once: forks, a search, one driver, a word to end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import tune
from ray.air._internal import usage
from ray.exceptions import RayActorError

import nvp
from nvp.config.identity import find_changes, trial_id
from nvp.running.own_cluster import find_own_cluster
from nvp.running.ray.actor import ActorOptions, TrialActor
from nvp.running.ray.connection import hold_study
from nvp.running.ray.fit_nodes import read_fault
from nvp.running.ray.forgetful import ForgetfulController
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from nvp.study import run_place
from nvp.trial.run_options import RunOptions
from tests import small_forks, small_search
from tests.in_process import run_main
from tests.rows import sorted_rows
from tests.running.test_own_cluster import find_address


@pytest.fixture(scope="module", autouse=True)
def _own_ray() -> Iterator[None]:
    """Start Ray for all tests here, as a notebook may: a study uses it, and leaves it there."""
    ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield
    assert ray.is_initialized()
    ray.shutdown()


@pytest.fixture(autouse=True)
def _nobody_counts_trackers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a start fail in which Tune imports the trackers that are installed (a second)."""
    monkeypatch.delattr(usage, "_count_callbacks")


def test_parents_run_before_their_forks(tmp_path: Path) -> None:
    flags = ("--preset", "quick", "--seeds", "1")
    ended = run_main(small_forks.STUDY, tmp_path / "ray", *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert run_main(small_forks.STUDY, tmp_path / "here", *flags, "--no-ray").returncode == 0
    found, expected = (
        sorted_rows(open_study(str(tmp_path / place), "small_forks", "quick"))
        for place in ("ray", "here")
    )
    assert found == expected
    assert len(found["trials"]) == 5


@pytest.fixture
def controllers(monkeypatch: pytest.MonkeyPatch) -> list[ForgetfulController]:
    """Return Tune's controllers, as studies start them."""
    made: list[ForgetfulController] = []
    begin = ForgetfulController.__init__

    def begin_and_note(self: ForgetfulController, *arguments: Any, **options: Any) -> None:
        made.append(self)
        begin(self, *arguments, **options)

    monkeypatch.setattr(ForgetfulController, "__init__", begin_and_note)
    return made


def test_a_search_is_asked_as_slots_come_free(
    tmp_path: Path, controllers: list[ForgetfulController]
) -> None:
    """One slot, so each trial is asked when the one before has its row: as without Ray."""
    flags = ("--preset", "quick", "--search", "optuna", "--num-trials", "4")
    asked = []
    for place, how in ((tmp_path / "ray", []), (tmp_path / "here", ["--no-ray"])):
        ended = run_main(small_search.STUDY, place, *flags, "--scheduler", "asha", *how)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "4 of 4 trials done" in ended.stdout
        storage = open_study(str(place), "small_search", "quick")
        asked.append(list(read_study(storage)["trials"]))
        assert sorted(asked[-1]) == sorted(read_index(storage).rows)
    assert asked[0] == asked[1]
    assert [len(controller.get_trials()) for controller in controllers] == [1], "others go"


def test_a_cluster_that_ray_start_left_the_address_of_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray runs here, and has a raylet, like a cluster's; `ray start` would write the file."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert find_own_cluster() is None, "a private Ray leaves no address"
    address = ray.get_runtime_context().gcs_address
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray/ray_current_cluster").write_text(address)
    found = find_own_cluster()
    assert found is not None
    assert (found.address, found.nodes, found.declares_gpus) == (address, 1, False)
    assert find_address(asked=None) == (None, ""), "this process has a Ray already"
    monkeypatch.setattr(run_place, "has_ray", lambda: False)
    joined, said = find_address(asked=None)
    assert joined == address
    assert said.startswith(f"Ray: joins the cluster at {address} (1 node, 0 GPUs)")
    assert "--address local" in said


@pytest.mark.minutes
def test_a_call_from_python_returns_the_frames_and_leaves_ray_there(tmp_path: Path) -> None:
    called = {"preset": "quick", "seeds": 1, "settings": {"epochs": 3, "prune.method": "none"}}
    frames = nvp.run(small_forks.STUDY, storage=str(tmp_path), **called)
    assert frames.trials["status"].tolist() == ["done"]
    assert ray.is_initialized()


def train_on(actor: Any) -> None:
    while True:
        ray.get(actor.train.remote())


def test_a_process_that_is_told_to_end_saves_a_checkpoint(tmp_path: Path) -> None:
    """The process of a trial, started as Tune starts it; it saves nothing before it is told to."""
    config = small_forks.DESIGN.base.with_overrides({"epochs": 10_000})
    storage, run = Storage.at(str(tmp_path)), RunOptions(checkpoint_seconds=1e9)
    options = ActorOptions(place=storage.place, run=run, report_seconds=0.1)
    trial = {"trial_id": trial_id(config), "changed": find_changes(config)}

    class Alone(TrialActor):
        def _setup_logdir(self) -> None:  # Tune names one; without, it is in the person's home
            self._logdir = storage.place

    actor = ray.remote(tune.with_parameters(Alone, options=options)).remote({"trial": trial})
    while (report := ray.get(actor.train.remote()))["progress"]["epoch"] < 2:
        assert not report["done"], report
    assert not storage.files("checkpoints")
    os.kill(report["pid"], signal.SIGTERM)
    with pytest.raises(RayActorError):
        train_on(actor)
    assert storage.files(f"checkpoints/{trial_id(config)}")
    assert not read_index(storage).rows


def test_one_driver_holds_a_study_and_a_node_that_cannot_answer_is_unfit(tmp_path: Path) -> None:
    held = hold_study(Storage.at(str(tmp_path)))
    with pytest.raises(ValueError, match=f"no other driver .* process {os.getpid()} on "):
        hold_study(Storage.at(str(tmp_path)))
    hold_study(Storage.at(str(tmp_path / "another")))
    del held
    absent = ray.remote(lambda: __import__("not_installed_here")).remote()
    assert read_fault(absent).startswith("setup: the check does not run there: ModuleNotFoundError")
