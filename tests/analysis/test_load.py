"""Loading a real small study, whole, in part, damaged and not there."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis.frames.configuration import (
    add_configuration,
    find_varied_keys,
    name_penalties,
)
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.reports.gaps import count_incidents
from nvp.storage.incidents import Incidents
from nvp.storage.schema import TABLES
from nvp.storage.studies import choose_preset, list_studies
from nvp.storage.study_folder import open_study


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


@pytest.fixture
def copy(study_place: Path, tmp_path: Path) -> Path:
    """Return a copy of the study that a test may break."""
    shutil.copytree(study_place / "sgd_noise", tmp_path / "sgd_noise")
    return tmp_path


def edit(place: Path, **changes: object) -> dict:
    """Change study.json; return what it was."""
    path = place / "sgd_noise" / "quick" / "study.json"
    before = json.loads(path.read_text())
    path.write_text(json.dumps(before | changes))
    return before


def test_trials_carry_the_whole_configuration(frames: StudyFrames):
    trials = frames.trials
    assert set(trials["trial_id"]) == set(frames.study["trials"])
    configuration = json.loads(trials["config"].iloc[0])
    assert set(configuration) <= set(trials.columns)
    first = frames.study["trials"][trials["trial_id"].iloc[0]]
    assert {key: trials[key].iloc[0] for key in first} == first


def test_every_table_has_its_columns_the_swept_keys_and_the_status(frames: StudyFrames):
    assert frames.swept[-1] == "seed"
    for name in ("epochs", "layers", "neurons", "events"):
        table: pd.DataFrame = getattr(frames, name)
        assert {*TABLES[name].names, *frames.swept, "status"} <= set(table.columns)
        assert len(table) > 0
    seeds = frames.trials.set_index("trial_id")["seed"]
    layers = frames.layers
    assert (layers["trial_id"].astype(str).map(seeds) == layers["seed"]).all()


def test_only_trials_of_the_current_plan_unless_everything_is_asked_for(copy: Path):
    planned = edit(copy)["trials"]
    kept = dict(list(planned.items())[:3])
    edit(copy, trials=kept)
    assert set(load(str(copy), "sgd_noise", "quick").trials["trial_id"]) == set(kept)
    everything = load(str(copy), "sgd_noise", "quick", everything=True)
    assert set(everything.trials["trial_id"]) == set(planned)
    assert {"optim.noise", "prune.method", "seed"} <= set(everything.swept)


def test_what_tells_trials_apart_is_read_from_what_they_were_given():
    given = [{"epochs": 3, "optim.milestones": [0.5]}, {"epochs": 9, "optim.milestones": [0.5]}]
    trials = pd.DataFrame({"config": list(map(json.dumps, given)), "epochs": [3, 4]})
    assert find_varied_keys(trials) == ["epochs"]
    rows = add_configuration(trials)
    assert list(rows["epochs"]) == [3, 4]  # finished: the second diverged
    assert list(rows["optim.milestones"]) == [(0.5,), (0.5,)]


def test_trials_of_the_plan_that_have_no_row_are_counted(copy: Path):
    planned = edit(copy)["trials"]
    shutil.rmtree(copy / "sgd_noise" / "quick" / "trials" / next(iter(planned)))
    frames = load(str(copy), "sgd_noise", "quick")
    assert frames.unfinished == 1
    assert len(frames.trials) == len(planned) - 1


def test_incidents_of_all_starts_are_a_frame(copy: Path):
    assert load(str(copy), "sgd_noise", "quick").incidents.empty
    storage = open_study(str(copy), "sgd_noise", "quick")
    Incidents(storage, name="1-host").add("preempted", "its node went away", trial_id="t")
    Incidents(storage, name="2-host").add("unfit", "data: none", node="n")
    found = load(str(copy), "sgd_noise", "quick").incidents
    assert found["kind"].tolist() == ["preempted", "unfit"]
    assert found["trial_id"].tolist()[0] == "t"


@pytest.mark.parametrize("content", [b"", b"junk", b"ARROW1\0\0" + bytes(99)])
def test_a_damaged_incident_is_left_out(
    copy: Path, content: bytes, caplog: pytest.LogCaptureFixture
):
    storage = open_study(str(copy), "sgd_noise", "quick")
    Incidents(storage, name="1-host").add("preempted", "its node went away")
    (name,) = storage.files("incidents")
    storage.write(name, content)
    frames = load(str(copy), "sgd_noise", "quick")
    assert frames.incidents.empty
    assert count_incidents(frames).empty
    assert name.rpartition("/")[2] in caplog.text


@pytest.mark.parametrize("content", [None, "{ torn", "[]"])
def test_without_a_readable_study_json_all_rows_are_shown(
    copy: Path, content: str | None, caplog: pytest.LogCaptureFixture
):
    path = copy / "sgd_noise" / "quick" / "study.json"
    planned = edit(copy)["trials"]
    path.unlink() if content is None else path.write_text(content)
    frames = load(str(copy), "sgd_noise", "quick")
    assert len(frames.trials) == len(planned)
    assert {"optim.noise", "prune.method", "seed"} <= set(frames.swept)
    assert "all trials are shown" in caplog.text


def test_a_study_that_is_not_there_is_named_with_what_is(study_place: Path, tmp_path: Path):
    with pytest.raises(ValueError, match=r"sgd_noise \(quick\).*studies/sgd_nois\.py --preset"):
        load(str(study_place), "sgd_nois", "quick")
    with pytest.raises(ValueError, match=r"the place holds no study"):
        load(str(tmp_path / "nothing"), "sgd_noise", "quick")


def test_a_study_without_a_finished_trial_says_how_to_run_it(copy: Path):
    shutil.rmtree(copy / "sgd_noise" / "quick" / "trials")
    with pytest.raises(ValueError, match=r"finished trial.*python \S*studies/sgd_noise\.py"):
        load(str(copy), "sgd_noise", "quick")


def test_auto_takes_the_preset_that_was_started_last(copy: Path):
    assert choose_preset(str(copy), "sgd_noise", "auto") == ("quick", "the only one there")
    assert choose_preset(str(copy), "sgd_noise", "paper") == ("paper", "as asked")
    paper = copy / "sgd_noise" / "paper"
    paper.mkdir()
    (paper / "study.json").write_text('{"starts": [{"time": "2000-01-01T00:00:00+0000"}]}')
    assert list_studies(str(copy)) == {"sgd_noise": ["paper", "quick"]}
    assert choose_preset(str(copy), "sgd_noise", "auto")[0] == "quick"
    (paper / "study.json").write_text('{"starts": [{"time": "2999-01-01T00:00:00+0000"}]}')
    assert choose_preset(str(copy), "sgd_noise", "auto")[0] == "paper"


def test_a_trial_is_called_by_the_one_penalty_it_has():
    configuration = pd.DataFrame(
        {
            "optim.weight_decay": [0.0, 1e-3, 0.0, 0.0, 1e-3],
            "optim.l1": [0.0, 0.0, 1e-4, 0.0, 1e-4],
            "optim.l1_scale": [0.0, 0.0, 0.0, 1e-2, 0.0],
        }
    )
    found = name_penalties(configuration)
    assert found["penalty"].tolist() == ["no penalty", "L2", "L1", "L1 on scales", "several"]
    assert found["strength"].tolist() == [0.0, 1e-3, 1e-4, 1e-2, 1.1e-3]


def test_levels_stand_as_planned_after_the_bases_own(frames: StudyFrames):
    regrow = ["gradient", "none", "default", "gradient"] * 4
    trials = frames.trials.assign(**{"prune.regrow": regrow[: len(frames.trials)]})
    space = {"prune.regrow": ["none", "gradient", "redo"]}
    told = replace(frames, trials=trials, study={"space": space})
    assert told.levels("prune.regrow") == ["default", "none", "gradient"]
    assert told.levels("optim.noise") == sorted(told.levels("optim.noise"))


def test_a_number_that_was_spelled_at_length_is_the_level_that_it_means():
    configs = [{"optim.lr": value, "seed": 0} for value in (0.3, 0.1 + 0.2, 0.4)]
    trials = pd.DataFrame({"config": [json.dumps(config) for config in configs]})
    assert add_configuration(trials)["optim.lr"].tolist() == [0.3, 0.3, 0.4]
