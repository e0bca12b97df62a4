"""ASHA: who stops where, that a kill changes nothing of it, and that fifo goes on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design, make_asha
from nvp.planning.plan import make_plan
from nvp.planning.study_file import write_study
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.study.study import Study, main
from nvp.trial.early_stopping import Asha, Censored, find_rungs
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from tests.rows import Tables, sorted_rows
from tests.small_search import DESIGN

SPACE = {"optim.lr": grid(0.1, 0.05, 0.001, 0.0001, 0.2)}
BASE = DESIGN.base.with_overrides({"epochs": 10, "data.images": 400})
STUDY = Study(name="s", paper=DESIGN, quick=Design(base=BASE, space=SPACE, seeds=1))


def run(place: Path, *flags: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--storage", str(place), "--no-ray", *flags])
    return ended.value.code


def tables(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "s", "quick"))


@pytest.mark.parametrize(
    ("epochs", "every", "wanted"),
    [
        (1, 1, []),
        (3, 1, [1]),
        (9, 1, [1, 3]),
        (10, 1, [1, 2, 4]),
        (27, 1, [1, 3, 9]),
        (100, 1, [4, 12, 34]),
        (100, 10, [10, 20, 40]),
        (10, 10, []),
    ],
)
def test_rungs_are_measuring_points_before_the_end(epochs, every, wanted) -> None:
    probe = replace(BASE.probe, every=every)
    assert find_rungs(TrialConfig(probe=probe), epochs) == wanted


@pytest.mark.parametrize(
    ("others", "own", "goes_on"),
    [
        ((), 0.1, True),
        ((0.2,), 0.1, False),
        ((0.1,), 0.1, True),
        ((0.2, 0.05, 0.05), 0.1, True),
        ((0.2, 0.3, 0.05, 0.05), 0.1, False),
    ],
)
def test_the_best_third_goes_on(tmp_path: Path, others, own, goes_on) -> None:
    storage = Storage.at(str(tmp_path))
    names = [f"{k:012d}" for k in range(len(others))]
    storage.write("study.json", json.dumps({"trials": dict.fromkeys(names, {})}).encode())
    known = {(name, 3): value for name, value in zip(names, others, strict=True)}
    for sign, asha in ((1, Asha("val_accuracy", True)), (-1, Asha("val_loss", False))):
        asha.known.update({key: sign * value for key, value in known.items()})
        if goes_on:
            asha.stop_if_worse(storage, "mine", 3, sign * own)
        else:
            with pytest.raises(Censored, match=rf"rung 3: val_\w+ -?0.1, \d of {len(known) + 1}"):
                asha.stop_if_worse(storage, "mine", 3, sign * own)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("asha")
    assert run(place, "--scheduler", "asha") == 0
    return place


def test_a_stopped_trial_is_censored_with_rung_reason_and_checkpoint(stopped, capsys) -> None:
    storage = open_study(str(stopped), "s", "quick")
    rows = read_index(storage).rows
    censored = {name: row for name, row in rows.items() if row["status"] == "censored"}
    assert 2 <= len(censored) <= 4
    epochs = read_table(read_index(storage), "epochs").to_pylist()
    for name, row in censored.items():
        rung = row["rung"]
        assert rung in find_rungs(BASE, 10)
        assert row["error"].startswith(f"rung {rung}: val_accuracy ")
        assert [e["epoch"] for e in epochs if e["trial_id"] == name] == list(range(rung + 1))
        assert row["test_accuracy"] is None
        assert row["epochs"] == rung
        assert storage.files(f"checkpoints/{name}")
    done = rows.keys() - censored.keys()
    assert all(rows[name]["rung"] is None and rows[name]["test_accuracy"] for name in done)
    assert not any(storage.files(f"checkpoints/{name}") for name in done)
    assert run(stopped, "--scheduler", "asha") == 0
    shown = capsys.readouterr().out
    assert "5 done, 0 to run" in shown
    assert f"5 of 5 trials done (0 diverged, {len(censored)} censored), 0 missing" in shown
    assert read_index(storage).rows == rows


def test_dry_run_under_fifo_lists_the_censored_as_missing(stopped, capsys) -> None:
    rows = read_index(open_study(str(stopped), "s", "quick")).rows
    censored = sum(row["status"] == "censored" for row in rows.values())
    for flags, done in (((), 5 - censored), (("--scheduler", "asha"), 5)):
        assert run(stopped, "--dry-run", *flags) == 0
        shown = capsys.readouterr().out
        assert f"{done} done, {5 - done} to run" in shown
        assert shown.count("  censored  ") == censored


def test_fifo_continues_the_censored_to_what_an_unbroken_run_gives(stopped, tmp_path) -> None:
    censored = read_index(open_study(str(stopped), "s", "quick")).rows
    assert run(stopped) == 0
    assert run(tmp_path) == 0
    assert tables(stopped) == tables(tmp_path)
    index = read_index(open_study(str(stopped), "s", "quick"))
    for name, row in index.rows.items():
        assert row["attempt"] == 1 + (censored[name]["status"] == "censored")
    assert not index.storage.files("checkpoints")


def small(tmp_path: Path, lr: float) -> tuple[Storage, TrialConfig, str]:
    """A study of one trial and of one that was better at every rung, by what ASHA remembers."""
    storage = Storage.at(str(tmp_path))
    plan = make_plan(Design(base=BASE, space={"optim.lr": grid(lr)}, seeds=1))
    write_study(storage, "s", "quick", plan, start={})
    ((name, config),) = plan.trials.items()
    study = json.loads(storage.read("study.json"))
    study["trials"] |= {"better": {}}
    storage.write("study.json", json.dumps(study).encode())
    return storage, config, name


def better_at(*epochs: int) -> Asha:
    return Asha("val_accuracy", True, {("better", epoch): 2.0 for epoch in epochs})


def test_killed_between_checkpoint_and_row_it_is_censored_without_training(tmp_path) -> None:
    storage, config, name = small(tmp_path, 0.1)
    asked = list(run_trial(config, storage, RunOptions(asha=better_at(2, 4))))
    assert asked[-1].status == "censored"
    before = read_table(read_index(storage), "epochs")
    storage.delete(list(storage.files(f"trials/{name}")))
    again = list(run_trial(config, storage, RunOptions(asha=better_at(2, 4))))
    assert [progress.status for progress in again] == ["censored"]
    assert read_index(storage).rows[name]["rung"] == 2
    assert read_table(read_index(storage), "epochs") == before


def test_let_past_a_rung_it_stays_past_it(tmp_path) -> None:
    storage, config, name = small(tmp_path, 0.1)
    trial = run_trial(config, storage, RunOptions(asha=better_at(), checkpoint_seconds=1e9))
    while next(trial).epoch < 3:  # past rung 2, then gone without a word
        pass
    del trial
    again = list(run_trial(config, storage, RunOptions(asha=better_at(1, 2, 4))))
    assert again[-1].status == "censored"
    assert read_index(storage).rows[name]["rung"] == 4


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (
            {"objectives": {"val_accuracy": "maximize", "sparsity": "maximize"}},
            r"one objective .*got val_accuracy, sparsity; several \(NSGA-II\) go with fifo",
        ),
        ({"objectives": {"val_acc": "maximize"}}, "column of epochs, got 'val_acc'.*'val_acc"),
        ({"objectives": {"flops_left": "minimize"}}, "column of epochs, got 'flops_left'"),
        ({"space": {"epochs": grid(3, 9)}}, "of one length.* an axis epochs"),
        ({"space": {"probe.every": grid(1, 2)}}, "an axis probe.every"),
        (
            {"space": {"data.batch_size": grid(8, 16)}, "base": replace(BASE, steps=9)},
            "an axis data.batch_size",
        ),
    ],
)
def test_what_asha_cannot_compare_is_refused(changes: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_asha(replace(STUDY.quick, **changes))


def test_nsga_ii_with_asha_is_refused_on_the_driver(tmp_path, capsys) -> None:
    both = {"val_accuracy": "maximize", "sparsity": "maximize"}
    study = replace(STUDY, quick=replace(DESIGN, objectives=both))
    flags = ["--search", "optuna", "--num-trials", "2", "--scheduler", "asha"]
    with pytest.raises(SystemExit) as ended:
        main(study, ["--preset", "quick", "--storage", str(tmp_path / "out"), *flags])
    assert ended.value.code == 2
    assert "several (NSGA-II) go with fifo" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_trial_is_compared_with_those_of_each_plan_that_has_it(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    beside = {"trials": {"mine": {}, "b": {}, "c": {}}}
    study = {"trials": {"a": {}, "other": {}}, "one_off": [beside, {"trials": {"d": {}}}]}
    storage.write("study.json", json.dumps(study).encode())
    asha = Asha("val_accuracy", True, {(name, 3): 0.9 for name in ("a", "other", "d")})
    asha.known |= {("b", 3): 0.1, ("c", 3): 0.1}
    asha.stop_if_worse(storage, "mine", 3, 0.2)  # the best of its own plan
    with pytest.raises(Censored, match="of 3 trials"):
        asha.stop_if_worse(storage, "new", 3, 0.2)  # in no plan: held against the study's
