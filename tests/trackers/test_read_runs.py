"""What a tracker is given of a trial is what the tables hold."""

from pathlib import Path

import pandas as pd
import pytest

import nvp
from nvp.analysis.frames.load import StudyFrames, load
from nvp.storage.index import read_index
from nvp.trackers.curves import MEASURED, count_dead
from nvp.trackers.read_runs import read_runs
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import TrialRun
from tests.rows import sorted_rows
from tests.trackers.tracked import STUDY, run


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


@pytest.fixture(scope="module")
def runs(study_place: Path) -> dict[str, TrialRun]:
    study = TrackedStudy(str(study_place), "sgd_noise", "quick")
    index = read_index(study.storage)
    return {run.trial_id: run for some in read_runs(study, index, list(index.rows)) for run in some}


def test_curves_are_the_columns_of_epochs_that_were_measured(
    runs: dict[str, TrialRun], frames: StudyFrames
) -> None:
    for name, found in frames.epochs.groupby("trial_id", observed=True):
        for column in MEASURED:
            rows = found[["epoch", column]].dropna().sort_values("epoch")
            expected = list(rows.itertuples(index=False, name=None))
            assert runs[str(name)].curves.get(column, []) == expected


def test_dead_fractions_are_of_kept_neurons_in_layers_and_in_all(
    runs: dict[str, TrialRun], frames: StudyFrames
) -> None:
    for name, found in frames.layers.groupby("trial_id", observed=True):
        curves = runs[str(name)].curves
        whole = found.groupby("epoch")[["dead", "kept"]].sum()
        assert [value for _, value in curves["dead/network"]] == pytest.approx(
            (whole["dead"] / whole["kept"]).tolist()
        )
        for layer, rows in found.groupby("layer", observed=True):
            assert [value for _, value in curves[f"dead/{layer}"]] == pytest.approx(
                (rows["dead"] / rows["kept"]).tolist()
            )


def test_layers_of_two_definitions_many_layers_and_unknown_counts() -> None:
    rows = pd.DataFrame(
        {
            "trial_id": ["a", "a", *["b"] * 9],
            "epoch": 0,
            "layer": ["one", "two", *(f"stage{i // 5}.{i}" for i in range(9))],
            "site": "internal",
            "death": ["dead", "dormant_0025", *["dead"] * 9],
            "kept": [10, 10, *[2] * 9],
            "dead": [5, None, None, *[1] * 8],
            "dormant_0025": [9, 1, *[0] * 9],
        }
    )
    found = count_dead(rows).set_index(["trial_id", "name"])["value"]
    assert found["a"].to_dict() == {
        "dead/one": 0.5,
        "dormant_0025/two": 0.1,
        "dead_or_dormant_0025/network": 0.3,
    }
    assert found["b"].dropna().to_dict() == {"dead/stage1": 0.5}  # of the others one is not known


def test_outcomes_parameters_and_tags(runs: dict[str, TrialRun], frames: StudyFrames) -> None:
    for row in frames.trials.to_dict("records"):
        run = runs[row["trial_id"]]
        assert run.outcomes["test_accuracy"] == pytest.approx(row["test_accuracy"])
        assert "plasticity_loss" not in run.outcomes  # not measured
        assert run.parameters["optim.noise"] == row["optim.noise"]
        assert run.parameters["optim.milestones"] == "[0.5, 0.75]"
        assert run.swept == tuple(frames.swept)
        assert run.label.endswith(f"method={row['prune.method']} seed={row['seed']}")
        assert run.started <= run.ended
        expected = {"study": "sgd_noise", "preset": "quick", "status": "done", "code": row["code"]}
        assert expected.items() <= run.tags.items()
        assert run.tags["commit"].startswith(frames.study["starts"][0]["commit"])


def test_the_command_of_a_run_runs_the_trial_alone_and_gives_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "first")
    study = TrackedStudy(str(tmp_path / "first"), STUDY.name, "quick")
    index = read_index(study.storage)
    trial = list(index.rows)[-1]
    ((found,),) = read_runs(study, index, [trial])
    assert found.command.startswith("nvp.run(STUDY, ")
    assert f"only='{trial}'" in found.command
    eval(found.command, {"nvp": nvp, "STUDY": STUDY})
    again = TrackedStudy("again", STUDY.name, "quick").storage
    assert list(read_index(again).rows) == [trial]
    assert sorted_rows(again) == sorted_rows(study.storage, [trial])


def test_the_command_of_a_trial_of_a_search_has_its_values(tmp_path: Path) -> None:
    study = TrackedStudy(str(tmp_path), "searched", "quick")
    argv = ["studies/searched.py", "--search", "optuna", "--num-trials", "9", "--track", "wandb"]
    plan = {"search": "optuna", "argv": argv, "trials": {"0a1b2c3d4e5f": {}}}
    study.__dict__["document"] = plan | {"space": {"optim.lr": {}}, "starts": [{"argv": argv}]}
    command = study.make_command("0a1b2c3d4e5f", {"optim.lr": 0.125, "seed": 1})
    assert command == (
        "python studies/searched.py --preset quick --storage again --only 0a1b2c3d4e5f "
        "--seeds 2 --set optim.lr=0.125"
    )
    assert study.make_command("ffffffffffff", {"optim.lr": 0.5, "seed": 0}) == ""
