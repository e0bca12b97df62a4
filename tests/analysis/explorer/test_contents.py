"""What explore.html holds, against the tables that it was made from."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nvp.analysis.explorer import sampling
from nvp.analysis.explorer.columns import make_column
from nvp.analysis.explorer.command import main
from nvp.analysis.explorer.compact import NONE, pack, shorten
from nvp.analysis.explorer.contents import gather_contents
from nvp.analysis.explorer.page import write_data, write_page
from nvp.analysis.explorer.sampling import sample_epochs, sample_trials
from nvp.analysis.frames.load import StudyFrames, load

NAME = "sgd_noise"


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), NAME, "quick")


@pytest.fixture(scope="module")
def contents(frames: StudyFrames) -> dict[str, Any]:
    return json.loads(write_data(gather_contents(frames)))


def unpack(packed: dict[str, Any], *shape: int) -> np.ndarray:
    places = np.frombuffer(base64.b64decode(packed["text"]), dtype="<u2").astype(float)
    share = np.where(places == NONE, np.nan, places / (NONE - 1))
    return (packed["low"] + (packed["high"] - packed["low"]) * share).reshape(shape)


def column(contents: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = [one for one in contents["columns"] if one["key"] == key]
    return found


def test_each_trial_has_what_was_given_to_it(frames: StudyFrames, contents: dict[str, Any]) -> None:
    assert contents["ids"] == frames.trials["trial_id"].tolist()
    noise = column(contents, "optim.noise")
    shown = [float(noise["levels"][n]) for n in noise["values"]]
    assert shown == frames.trials["optim.noise"].tolist()
    assert noise["given"]
    accuracy = column(contents, "test_accuracy")
    assert accuracy["values"] == pytest.approx(frames.trials["test_accuracy"], rel=1e-3)
    assert not accuracy["given"]


def test_curves_and_maps_are_those_of_the_tables(
    frames: StudyFrames, contents: dict[str, Any]
) -> None:
    ids, curves, maps = contents["ids"], contents["curves"], contents["maps"]
    accuracy = unpack(curves["values"]["val_accuracy"], len(ids), len(curves["at"]))
    dead = unpack(maps["values"]["dead"], len(ids), len(maps["layers"]), len(maps["at"]))
    whole = unpack(curves["values"]["dead"], len(ids), len(curves["at"]))
    for number, trial in enumerate(ids):
        own = frames.epochs[frames.epochs["trial_id"] == trial].set_index("epoch")
        assert accuracy[number] == pytest.approx(own["val_accuracy"][curves["at"]], abs=1e-4)
        layers = frames.layers[frames.layers["trial_id"] == trial].sort_values(["depth", "epoch"])
        fractions = (layers["dead"] / layers["kept"]).to_numpy().reshape(len(maps["layers"]), -1)
        assert dead[number] == pytest.approx(fractions, abs=1e-4, nan_ok=True)
        sums = layers.groupby("epoch")[["dead", "kept"]].sum()
        assert whole[number] == pytest.approx(sums["dead"] / sums["kept"], abs=1e-4)


def test_the_command_of_a_trial_runs_it_in_another_storage(contents: dict[str, Any]) -> None:
    assert len(contents["commands"]) == len(contents["ids"])
    for trial, command in zip(contents["ids"], contents["commands"], strict=True):
        assert command.startswith("python ")
        for part in (f"--only {trial}", "--preset quick", "--storage again"):
            assert part in command


def test_levels_are_in_order_and_numbers_before_names() -> None:
    batch = make_column("data.batch_size", pd.Series([128, 8, 64, 8]), given=True)
    assert batch["levels"] == ["8", "64", "128"]
    assert batch["values"] == [2, 0, 1, 0]
    mixed = make_column("free", pd.Series(["not given", 3, 20, None], dtype=object), given=True)
    assert mixed["levels"] == ["3", "20", "not given"]
    assert mixed["values"] == [2, 0, 1, None]


def test_many_values_of_a_number_are_an_axis_of_its_own() -> None:
    rates = pd.Series(np.geomspace(1e-4, 1, 20))
    found = make_column("optim.lr", rates, given=True)
    assert found["log"]
    assert "levels" not in found
    assert found["values"] == pytest.approx(rates, rel=1e-3)
    assert not make_column("test_accuracy", rates, given=False)["log"]


def test_numbers_are_shortened_and_what_is_missing_stays_missing() -> None:
    assert shorten([1 / 3, 2.0, float("nan"), 123456.0, -1.23456e-7, 0.0]) == [
        *(0.3333, 2, None, 123500, -1.235e-07, 0)
    ]
    values = np.array([[0.0, 0.25], [np.nan, 1.0]])
    assert unpack(pack(values), 2, 2) == pytest.approx(values, abs=1e-4, nan_ok=True)
    assert np.isnan(unpack(pack([np.nan]), 1)).all()
    assert unpack(pack([7.0, 7.0]), 2).tolist() == [7.0, 7.0]


def test_many_trials_and_epochs_are_sampled_and_that_is_said(
    frames: StudyFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample_epochs(range(101), 5) == [0, 25, 50, 75, 100]
    assert sample_epochs([3, 1, 3], 5) == [1, 3]
    trials = pd.DataFrame({"trial_id": [f"{n:04d}" for n in range(5000)]})
    sample = sample_trials(trials)
    assert len(sample) == sampling.MOST_TRIALS
    assert sample["trial_id"].is_monotonic_increasing
    assert sample.equals(sample_trials(trials))
    monkeypatch.setattr("nvp.analysis.explorer.contents.sample_trials", lambda t: t.iloc[:3])
    contents = gather_contents(frames)
    assert len(contents["ids"]) == 3
    assert f"3 of {len(frames.trials)} trials are shown" in contents["notes"][0]


def test_names_of_a_study_end_no_script(frames: StudyFrames, tmp_path: Path) -> None:
    bad = "</script><script>alert(1)</script>"
    study = frames.study | {"question": {"ask": bad}}
    text = write_page(
        gather_contents(replace(frames, study=study)), tmp_path / "e.html"
    ).read_text()
    assert "<script>alert" not in text
    assert text.count("</script>") == 3


def test_a_study_that_is_half_failed_has_a_page(frames: StudyFrames, tmp_path: Path) -> None:
    first = frames.trials["trial_id"] == frames.trials["trial_id"].iloc[0]
    trials = frames.trials.assign(
        status=frames.trials["status"].mask(first, "failed"),
        test_accuracy=frames.trials["test_accuracy"].mask(first),
    )
    contents = json.loads(write_data(gather_contents(replace(frames, trials=trials))))
    assert column(contents, "status")["levels"] == ["done", "failed"]
    assert column(contents, "test_accuracy")["values"][0] is None


def test_bad_arguments_are_one_line(
    study_place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sgd_nois", "--storage", str(study_place)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: expected tables of the study 'sgd_nois'")
    assert "sgd_noise" in error
    assert error.count("\n") == 1
    assert main([NAME, "--storage", str(tmp_path)]) == 2
    assert not list(tmp_path.iterdir())
