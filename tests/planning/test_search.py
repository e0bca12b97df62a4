"""Searches: proposals repeat, history is kept over a kill, nothing is asked twice."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from optuna.trial import TrialState

from nvp.config.space import grid, integers, uniform
from nvp.planning.narrowing import WHOLE, Narrowing
from nvp.planning.plan import Plan, make_trial
from nvp.planning.proposal import POPULATION, Outcome, propose_cell
from nvp.planning.search import Search, check_search
from nvp.planning.study_file import write_study
from nvp.running.local import run_in_process
from nvp.running.progress import Display
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from nvp.study.study import main
from nvp.trial.run_options import RunOptions
from tests import small_search
from tests.conftest import start_study
from tests.in_process import run_main
from tests.processes import kill_in
from tests.small_search import DESIGN, STUDY

SPACE = {
    "x": uniform(0.0, 10.0),
    "kind": grid("a", "b"),
    "y": uniform(0.0, 1.0, when={"kind": ("b",)}),
    "n": integers(1, 9),
}
SCRIPT = Path(small_search.__file__)


def play(count: int, goals: int = 1, seed: int = 0) -> list[Outcome]:
    """Search for x near 7 in kind b: value and, as a second goal, minus x."""
    history: list[Outcome] = []
    for _ in range(count):
        cell = propose_cell(SPACE, ["maximize"] * goals, history, seed=seed)
        values = [-abs(cell["x"] - 7) + (cell["kind"] == "b"), -cell["x"]]
        history.append(Outcome(cell, TrialState.COMPLETE, values[:goals]))
    return history


def test_proposals_depend_on_seed_and_history_alone() -> None:
    once = play(15)
    assert once == play(15)
    assert once[0].cell != play(1, seed=1)[0].cell
    assert len({json.dumps(told.cell) for told in once}) == 15
    later = propose_cell(SPACE, ["maximize"], once, seed=0, draw=1)
    assert later != propose_cell(SPACE, ["maximize"], once, seed=0)


def test_a_conditional_axis_is_drawn_only_where_it_applies() -> None:
    for told in play(30):
        assert ("y" in told.cell) == (told.cell["kind"] == "b")
        assert isinstance(told.cell["n"], int)
        assert 0 <= told.cell["x"] <= 10


def test_tpe_learns() -> None:
    early, late = play(40)[:10], play(40)[30:]
    assert fmean(t.values[0] for t in late) > fmean(t.values[0] for t in early) + 1


def test_nsga_ii_breeds_from_what_is_not_dominated() -> None:
    history = play(3 * POPULATION, goals=2)
    front = [t.cell["x"] for t in history[2 * POPULATION :]]
    assert fmean(x <= 7.5 for x in front) > 0.75  # beyond 7 both goals get worse


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING])
def test_what_did_not_complete_is_told_all_the_same(state: TrialState) -> None:
    for goals in (1, 2):
        history = play(12, goals)
        directions = ["maximize"] * goals
        without = propose_cell(SPACE, directions, history, seed=0)
        assert (
            propose_cell(SPACE, directions, [*history, Outcome(without, state)], seed=0) != without
        )


def search_of(storage: Storage, num: int, **changes) -> Search:
    search = Search(replace(DESIGN, **changes), num, lambda config: config, storage)
    search.load()
    return search


def run_search(storage: Storage, num: int, **changes) -> Search:
    search = search_of(storage, num, **changes)
    unfinished = {n: c for n, c in search.plan.trials.items() if n not in search.rows}
    write_study(storage, "s", "quick", search.plan, start={}, search="optuna")
    with Display(num) as display:
        run_in_process(
            unfinished, storage, RunOptions(), display=display, stop_signals=[], queue=search
        )
    return search


def test_a_search_that_is_continued_asks_what_an_unbroken_one_asks(tmp_path: Path) -> None:
    changes = {"base": replace(DESIGN.base, epochs=1), "seeds": 2}
    whole = run_search(Storage.at(str(tmp_path / "whole")), 5, **changes)
    place = Storage.at(str(tmp_path / "parts"))
    run_search(place, 2, **changes)
    again = run_search(place, 5, **changes)
    assert list(again.plan.trials) == list(whole.plan.trials)
    assert len(whole.plan.trials) == len(set(whole.plan.trials)) == 10
    assert all(row["attempt"] == 1 for row in again.rows.values())
    place.write("study.json", b"{ half a")  # proposals repeat, so they are found in the tables
    assert list(run_search(place, 5, **changes).plan.trials) == list(whole.plan.trials)
    assert all(row["attempt"] == 1 for row in read_index(place).rows.values())


def test_asked_configurations_are_in_study_json_before_they_start(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    search = search_of(storage, 3)
    write_study(storage, "s", "quick", search.plan, start={}, search="optuna")
    name, _ = search.next_trial()
    assert list(read_study(storage)["trials"]) == [name]
    other = search_of(storage, 3)
    assert list(other.plan.trials) == [name]
    assert other.to_ask == 2
    assert other.read_outcome(*other.asked[0]).state == TrialState.RUNNING


def test_another_base_is_another_search_and_a_grid_is_none(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    search = search_of(storage, 3)
    search.next_trial, _ = (
        search.next_trial,
        search.add_cell({"optim.lr": 0.1, "prune.method": "none"}),
    )
    for method, count in (("optuna", 1), ("grid", 0)):
        write_study(storage, "s", "quick", search.plan, start={}, search=method)
        assert len(search_of(storage, 3).asked) == count
    write_study(storage, "s", "quick", search.plan, start={}, search="optuna")
    assert not search_of(storage, 3, base=replace(DESIGN.base, epochs=2)).asked
    narrow = DESIGN.space | {"optim.lr": uniform(0.2, 0.3)}
    assert not search_of(storage, 3, space=narrow).asked


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (("done", "done"), TrialState.COMPLETE),
        (("done", None), TrialState.RUNNING),
        (("done", "failed"), TrialState.FAIL),
        (("done", "diverged"), TrialState.PRUNED),
        (("censored", "done"), TrialState.PRUNED),
    ],
)
def test_optuna_is_told_the_mean_over_seeds_or_what_went_wrong(
    tmp_path: Path, statuses: tuple, state: TrialState
) -> None:
    search = search_of(Storage.at(str(tmp_path)), 1, seeds=2)
    search.add_cell({"optim.lr": 0.1, "prune.method": "none"})
    for name, status, value in zip(search.plan.trials, statuses, (0.5, 0.7), strict=True):
        if status:
            search.rows[name] = {"status": status, "val_accuracy": value, "rung": 4}
    told = search.read_outcome(*search.asked[0])
    assert told.state == state
    assert told.steps == ({4: 0.5} if "censored" in statuses else {})
    assert told.values == ([pytest.approx(0.6)] if state == TrialState.COMPLETE else None)


def test_a_space_without_anything_new_ends_the_search(tmp_path: Path) -> None:
    space = {"prune.method": grid("none", "dead")}
    base = replace(DESIGN.base, epochs=1)
    search = run_search(Storage.at(str(tmp_path)), 9, space=space, base=base)
    assert len(search.plan.trials) == 2
    assert search.exhausted


def test_several_objectives_are_searched_by_nsga_ii(tmp_path: Path, capsys) -> None:
    both = {"val_accuracy": "maximize", "sparsity": "maximize"}
    study = replace(STUDY, quick=replace(DESIGN, objectives=both))
    flags = ["--preset", "quick", "--storage", str(tmp_path), "--set", "epochs=1", "--no-ray",
             "--search", "optuna", "--num-trials", "3"]  # fmt: skip
    for more, wanted in (
        (["--dry-run"], "search: 3 configurations to ask (NSGA-II: maximize val_accuracy, max"),
        ([], "3 of 3 trials done"),
        ([], "3 done, 0 to run"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(study, [*flags, *more])
        assert ended.value.code == 0
        assert wanted in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"space": {}}, "expected a design with axes"),
        ({"space": {"optim.lr": uniform(-1, 1)}}, r"optim\.lr: expected a value >= 0, got -1"),
        ({"space": {"data.batch_size": uniform(8, 64.5)}}, r"data\.batch_size: expected int"),
        ({"space": {"prune.method": grid("none", "nvpp")}}, "did you mean 'nvp'"),
        ({"objectives": {"val_acuracy": "maximize"}}, "got 'val_acuracy'.*'val_accuracy'"),
        ({"objectives": {"test_accuracy": "maximize"}}, "got 'test_accuracy'"),
        ({"parent": {"epochs": 1}}, "expected a design without parent"),
        ({"objectives": {"sparsity": "up"}}, "expected maximize or minimize, got 'up'"),
        ({"objectives": {}}, "expected columns of trials"),
    ],
)
def test_a_wrong_search_is_refused_before_anything_is_asked(changes: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        check_search(replace(DESIGN, **changes))


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--search", "optuna"], "expected --num-trials N"),
        (["--num-trials", "3"], "expected --search optuna"),
        ([], "expected grid(...), got a range of 0.001 to 0.5; --search optuna"),
    ],
)
def test_flags_that_do_not_go_together(tmp_path, capsys, flags: list, wanted: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--storage", str(tmp_path), *flags])
    assert ended.value.code == 2
    assert wanted in capsys.readouterr().err


def test_dry_run_lists_what_was_asked_and_asks_nothing(tmp_path: Path, capsys) -> None:
    asked = ["--preset", "quick", "--storage", str(tmp_path), "--search", "optuna"]
    with pytest.raises(SystemExit) as ended:
        main(STUDY, [*asked, "--num-trials", "4", "--dry-run"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "4 configurations to ask (TPE: maximize val_accuracy), 1 seeds each" in shown
    assert "estimate: " in shown
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [["--no-ray"], pytest.param([], marks=pytest.mark.minutes)])
def test_killed_in_mid_search_and_continued(tmp_path: Path, how: list[str]) -> None:
    flags = ("--preset", "quick", "--search", "optuna", "--num-trials", "6", "--set", "epochs=12",
             "--scheduler", "asha", *how)  # fmt: skip
    often = {"NVP_CHECKPOINT_SECONDS": "0"}
    storage = open_study(str(tmp_path), "small_search", "quick")
    process = start_study(tmp_path, *flags, env=often, script=SCRIPT)

    def in_the_middle() -> bool:
        rows = {name.split("/")[1] for name in storage.files("trials")}
        begun = {name.split("/")[1] for name in storage.files("checkpoints")}
        return len(rows) >= 2 and bool(begun - rows)

    kill_in(in_the_middle, process)
    asked = list(read_study(storage)["trials"])
    finished = read_index(storage).rows
    assert 2 <= len(finished) < len(asked) <= 6
    ended = run_main(STUDY, tmp_path, *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(finished)} done, {len(asked) - len(finished)} to run" in ended.stdout
    assert "6 of 6 trials done" in ended.stdout
    assert " censored), 0 missing" in ended.stdout
    trials, index = list(read_study(storage)["trials"]), read_index(storage)
    assert trials[: len(asked)] == asked, "the history was not kept"
    assert sorted(trials) == sorted(index.rows), "a trial ran that is not in the plan"
    assert len(set(trials)) == 6
    assert all(index.rows[name] == row for name, row in finished.items()), "run again"
    stopped = {name for name, row in index.rows.items() if row["status"] == "censored"}
    assert {index.rows[name]["rung"] for name in stopped} <= {1, 2, 4}
    assert {name.split("/")[1] for name in storage.files("checkpoints")} == stopped
    points = [(e["trial_id"], e["epoch"]) for e in read_table(index, "epochs").to_pylist()]
    assert len(points) == len(set(points)), "a row twice"


def test_a_plan_knows_the_names_of_what_was_asked(tmp_path: Path) -> None:
    cell = {"optim.lr": 0.1, "prune.method": "magnitude", "prune.sparsity": 0.3}
    name, config = make_trial(DESIGN, cell, 0, lambda config: config)
    swept = Plan(DESIGN, {name: config}).swept_values(config)
    assert swept == cell | {"seed": 0}


def test_a_narrowed_search_stands_beside_the_study_and_goes_on_with_its_own_cells(
    tmp_path: Path,
) -> None:
    storage, narrow = Storage.at(str(tmp_path)), Narrowing(given=True)

    def ask(seeds: int, num: int, narrowing: Narrowing) -> Search:
        design = replace(DESIGN, seeds=seeds)
        search = Search(design, num, lambda config: config, storage, narrowing=narrowing)
        search.load()
        start = {"one_off": search.one_off}
        write_study(storage, "s", "quick", search.plan, start, search="optuna")
        while search.next_trial():
            pass
        return search

    whole = ask(2, 2, WHOLE)
    assert not whole.one_off
    part = ask(1, 3, narrow)
    assert part.one_off
    assert part.asked[0][0] == whole.asked[0][0], "it begins with the cells of the study"
    study = read_study(storage)
    assert list(study["trials"]) == list(whole.plan.trials)
    (beside,) = study["one_off"]
    assert list(beside["trials"]) == list(part.plan.trials)
    assert len(beside["trials"]) == 3
    assert list(ask(1, 3, narrow).plan.trials) == list(beside["trials"])
    assert list(ask(2, 2, WHOLE).plan.trials) == list(study["trials"])
    assert read_study(storage)["one_off"] == [beside]


@pytest.mark.parametrize(
    "swept",
    [
        {},
        {"seed": 0},
        {"optim.lr": "x", "prune.method": "none", "prune.sparsity": 0.5, "seed": 0},
        {"optim.lr": 0.1, "prune.method": 5, "prune.sparsity": None, "seed": 0},
        {"optim.lr": 0.1, "prune.method": "none", "prune.sparsity": 0.5, "seed": "x"},
        {"optim.lr": None, "prune.method": [], "prune.sparsity": {}, "seed": None},
    ],
    ids=repr,
)
def test_a_trial_of_study_json_that_is_no_cell_is_left_out(tmp_path: Path, swept: dict) -> None:
    storage = Storage.at(str(tmp_path))
    study = {"search": "optuna", "trials": {"0123456789ab": swept}}
    storage.write("study.json", json.dumps(study).encode())
    assert not search_of(storage, 1).asked
