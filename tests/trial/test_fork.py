"""Forks: parents first, the same network and batches from there on, over a kill too."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.config.trial_config import PruneConfig, TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.planning.plan_state import read_state, select_trials, split_into_waves
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import VOLATILE
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from nvp.study.study import Study, main
from nvp.trial.run import run_trial
from tests import small_forks
from tests.conftest import start_study
from tests.in_process import run_main
from tests.processes import kill_in
from tests.rows import sorted_rows
from tests.small_forks import DESIGN, STUDY

SCRIPT = Path(small_forks.__file__)
PLAN = make_plan(DESIGN)


def run(place: Path, *flags: str, study: Study = STUDY) -> int:
    with pytest.raises(SystemExit) as ended:
        main(study, ["--preset", "quick", "--storage", str(place), "--no-ray", *flags])
    return ended.value.code


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    place = tmp_path_factory.mktemp("forks")
    assert run(place) == 0
    return open_study(str(place), "small_forks", "quick")


def test_cells_that_differ_in_pruning_share_a_parent() -> None:
    assert len(PLAN.trials) == 8
    assert len(PLAN.parents) == 2
    for name, fork in PLAN.trials.items():
        parent = PLAN.parents[fork.parent]
        assert name == trial_id(fork)
        assert trial_id(parent) == fork.parent
        assert parent.prune == PruneConfig()
        assert (parent.epochs, parent.seed, parent.parent) == (2, fork.seed, "")
    more = make_plan(replace(DESIGN, space=DESIGN.space | {"optim.lr": grid(0.1, 0.2)}))
    assert (len(more.trials), len(more.parents)) == (16, 4)
    alone = make_plan(replace(DESIGN, parent=None))
    assert not alone.parents
    assert not alone.trials.keys() & PLAN.trials.keys()


def test_parents_run_first() -> None:
    first, second = split_into_waves(PLAN.trials | PLAN.parents)
    assert first == PLAN.parents
    assert second == PLAN.trials


def test_an_unpruned_fork_is_its_parent_trained_for_longer(whole: Storage, tmp_path) -> None:
    """The same network, batches and memory: bit-equal from the fork on."""
    base = replace(DESIGN.base, seed=1)
    (fork,) = (n for n, c in PLAN.trials.items() if c.seed == 1 and c.prune.method == "none")
    long = Storage.at(str(tmp_path))
    assert list(run_trial(base, long))[-1].status == "done"
    theirs, own = read_index(long), read_index(whole)
    for table in ("epochs", "layers", "neurons", "events"):
        expected = read_table(theirs, table).drop_columns(["trial_id", *VOLATILE[table]])
        found = read_table(own, table, [fork]).drop_columns(["trial_id", *VOLATILE[table]])
        after = [row for row in expected.to_pylist() if row["epoch"] > 2]
        assert found.to_pylist() == after, table
    rows = read_index(long).rows[trial_id(base)], own.rows[fork]
    assert rows[0]["test_loss"] == rows[1]["test_loss"]
    assert rows[1]["epochs"] == 6


def test_forks_differ_in_their_method_alone(whole: Storage) -> None:
    index = read_index(whole)
    losses = {}
    for name, config in PLAN.trials.items():
        rows = read_table(index, "epochs", [name]).to_pylist()
        assert [row["epoch"] for row in rows] == [3, 4, 5, 6]
        losses.setdefault(config.seed, set()).add(rows[0]["train_loss"])
    assert [len(found) for found in losses.values()] == [1, 1], "before the first pruning"
    pruned = {"nvp": "sparsity", "nn_relief": "weight_sparsity"}
    for name, config in PLAN.trials.items():
        column = pruned.get(config.prune.method)
        assert column is None or index.rows[name][column] > 0.1


def test_parents_keep_a_checkpoint_and_are_no_trials_of_the_study(whole: Storage, capsys) -> None:
    assert {name.split("/")[1] for name in whole.files("checkpoints")} == set(PLAN.parents)
    study = read_study(whole)
    assert set(study["trials"]) == set(PLAN.trials)
    assert study["parents"] == list(PLAN.parents)
    place = whole.root.removesuffix("/small_forks/quick")
    assert run(Path(place), "--dry-run") == 0
    assert "8 done, 0 to run" in capsys.readouterr().out
    assert run(Path(place), "--dry-run", "--seeds", "3") == 0
    shown = capsys.readouterr().out
    assert "8 done, 4 to run" in shown
    assert "first the 1 that they start from: " in shown


def test_a_parent_without_its_checkpoint_runs_again_to_the_same_rows(tmp_path: Path) -> None:
    storage = open_study(str(tmp_path), "small_forks", "quick")
    parent, fork = next(iter(PLAN.parents)), next(iter(PLAN.trials))
    assert run(tmp_path, "--only", parent) == 0
    assert not storage.files("checkpoints")
    before = sorted_rows(storage)
    assert run(tmp_path, "--only", fork) == 0
    after = sorted_rows(storage)
    for table, rows in before.items():
        assert [row for row in after[table] if row["trial_id"] == parent] == rows
    assert set(read_index(storage).rows) == {parent, fork}
    (kept,) = storage.files("checkpoints")
    storage.write(kept, b"torn")
    state = read_state(make_plan(DESIGN), read_index(storage))
    assert parent in state.parents, "a torn checkpoint counts as none"


def test_a_missing_parent_is_refused_with_its_remedy(whole: Storage, tmp_path, capsys) -> None:
    study = replace(STUDY, quick=replace(DESIGN, parent=None, seeds=1))
    asked = ["--set", "parent=0123456789ab"]
    assert run(tmp_path, *asked, study=study) == 2
    error = capsys.readouterr().err
    assert "expected the finished trial 0123456789ab with its last checkpoint" in error
    assert "run it first: python " in error
    assert "--only 0123456789ab --keep-checkpoints" in error
    storage = Storage.at(str(tmp_path))
    alone = list(run_trial(next(iter(PLAN.trials.values())), storage))
    assert alone[-1].status == "failed"
    ((row),) = read_index(storage).rows.values()
    assert "run it first" in row["error"]


def test_a_parent_named_by_hand_has_to_fit(whole: Storage) -> None:
    parent = next(iter(PLAN.parents))
    index = read_index(whole)
    for changes, wanted in (
        ({"model.width": 0.2}, r"expected model\.width=0\.2 as in its forks, got 0\.1"),
        ({"epochs": 2}, "expected epochs, fewer than the 2 of its forks, got 2"),
    ):
        base = DESIGN.base.with_overrides({"parent": parent, "seed": 7} | changes)
        plan = make_plan(Design(base=base, space={}, seeds=1))
        with pytest.raises(ValueError, match=wanted):
            select_trials(plan, read_state(plan, index), index)
    base = DESIGN.base.with_overrides({"parent": parent, "seed": 7})
    plan = make_plan(Design(base=base, space={}, seeds=1))
    assert select_trials(plan, read_state(plan, index), index) == plan.trials


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"parent": {"epochs": 6}}, "fewer than the 6 of its forks, got 6 epochs"),
        ({"parent": {"epochs": 2, "seed": 5}}, "expected the seed of its forks, got seed=5"),
        ({"parent": {"model.width": 2}}, "parent: expected"),
        ({"parent": {"epochz": 2}}, "unknown configuration path 'epochz'.*'epochs'"),
        ({"parent": {"epochs": 2, "data.batch_size": 7}}, r"expected data\.batch_size=100"),
        ({"base": replace(DESIGN.base, steps=50)}, "steps=50"),
        ({"space": {"prune.method": grid("snip")}}, "got snip, which needs the network before"),
        ({"space": {"prune.method": grid("nn_relief_rewind")}}, "got nn_relief_rewind, which"),
    ],
)
def test_a_fork_that_cannot_be_is_refused(changes: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_plan(replace(DESIGN, **changes))


def test_what_is_due_before_the_fork_happens_at_its_first_point(tmp_path: Path) -> None:
    settings = {"prune.method": "apoz", "prune.start": 0.1, "prune.end": 0.2, "prune.rounds": 2}
    design = replace(DESIGN, base=DESIGN.base.with_overrides(settings), space={}, seeds=1)
    study = Study(name="late", paper=design, quick=design)
    assert run(tmp_path, study=study) == 0
    (name,) = make_plan(design).trials
    index = read_index(open_study(str(tmp_path), "late", "quick"))
    events = read_table(index, "events", [name]).to_pylist()
    assert {event["epoch"] for event in events if event["event"] == "pruned"} == {3}


def test_forks_of_a_diverged_parent_are_diverged(tmp_path: Path) -> None:
    design = replace(DESIGN, seeds=1)
    study = Study(name="wild", paper=design, quick=design)
    assert run(tmp_path, "--set", "optim.lr=1e30", study=study) == 0
    rows = read_index(open_study(str(tmp_path), "wild", "quick")).rows
    assert [row["status"] for row in rows.values()] == ["diverged"] * 5
    assert sum("parent" in row["error"] for row in rows.values()) == 4


def test_the_name_of_a_fork_holds_its_parent() -> None:
    assert trial_id(TrialConfig(parent="a4bbadc1c789")) != trial_id(TrialConfig())
    assert trial_id(TrialConfig(parent="")) == trial_id(TrialConfig())


@pytest.mark.parametrize("how", [["--no-ray"], pytest.param([], marks=pytest.mark.minutes)])
def test_forks_killed_and_continued_equal_unbroken_ones(
    whole: Storage, tmp_path: Path, how: list[str]
) -> None:
    often = {"NVP_CHECKPOINT_SECONDS": "0.05"}
    storage = open_study(str(tmp_path), "small_forks", "quick")
    process = start_study(tmp_path, "--preset", "quick", *how, env=often, script=SCRIPT)

    def in_mid_forks() -> bool:
        rows = {name.split("/")[1] for name in storage.files("trials")}
        return rows >= set(PLAN.parents) and len(rows) >= 3

    kill_in(in_mid_forks, process)
    finished = {f: size for f, size in storage.files("trials").items()}
    assert len(finished) < 10
    ended = run_main(STUDY, tmp_path, "--preset", "quick", "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert finished.items() <= storage.files("trials").items(), "run again"
    assert sorted_rows(storage) == sorted_rows(whole)
    config = json.loads(next(iter(read_index(storage).rows.values()))["config"])
    assert "parent" in config
